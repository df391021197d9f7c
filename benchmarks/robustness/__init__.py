"""What the harness does with damaged files, hostile names, older stores, killed processes and full disks."""
