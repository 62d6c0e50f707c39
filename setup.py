"""The packages, by name: the plugin's folder is a namespace of Twisted's that no finder would pick up."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["awed", "awed.*"]), "twisted.plugins"],
    package_data={"awed": ["py.typed", "ui/static/*"]},
)
