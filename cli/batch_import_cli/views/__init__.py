"""Answers as people read them. Only shown, never interpreted: what a value means is the API's to say."""
