"""Imagery and land cover from public archives: windows of cloud-optimised files, with a manifest that freezes them."""
