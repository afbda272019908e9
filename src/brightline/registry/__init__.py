"""Signed registries: who may say what about purposes, data sets, authorities, tools, actors, models and prices."""
