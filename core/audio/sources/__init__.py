"""Where live sound comes from: a microphone, a file in real time, the demo scene."""
