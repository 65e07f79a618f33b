"""A server under load: requests on a schedule or one after another, from many clients at a time.

schedule.py says when requests are due, driver.py sends them, target.py says to whom and what.
"""
