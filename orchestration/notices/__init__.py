"""Telling people what is wrong, once, until it changes or is over: in the log, in Slack, to a webhook."""
