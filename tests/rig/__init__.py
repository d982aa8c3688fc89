"""The test rig: a microphone, a screen and a hand made of software. Knows nothing of Soundmark."""
