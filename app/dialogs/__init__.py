"""Small dialogs that know nothing of the session."""
