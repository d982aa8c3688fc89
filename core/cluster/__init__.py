"""Tagging an archive on several machines: what is to do, what is done, and who does it.

Ray is behind `ray_cluster.py` alone; everything else is told about workers and nodes by the protocol in `models.py`.
"""
