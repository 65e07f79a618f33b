"""Metrics of requests unlike the training set: combinations that were held out, and longer clips."""
