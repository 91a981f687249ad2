"""What setup.cfg cannot say: packages that are found, and beside them the folder web/ under another name.

The pages lie in web/ of the checkout and travel in the wheel as tornado_alice_web: "web" alone would be everybody's.
"""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["tornado_alice*", "pi_service*"]), "tornado_alice_web"],
    package_dir={"tornado_alice_web": "web"},
)
