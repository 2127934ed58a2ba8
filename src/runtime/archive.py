"""Makes libsonde.a of one relocatable object: hides in it all symbols but those that bear default visibility on purpose
(hidden ones become local, and libdeflate's, which were not compiled by us, too), then wraps it.
usage: archive.py OBJECT ARCHIVE"""
import os
import subprocess
import sys

source, archive = sys.argv[1:]
folder = archive + '.d'
os.makedirs(folder, exist_ok=True)
member = os.path.join(folder, 'libsonde.o')
subprocess.run(['objcopy', '--localize-hidden', '--wildcard', '--localize-symbol=libdeflate_*', source, member],
               check=True)
if os.path.exists(archive):
    os.remove(archive)
subprocess.run(['ar', 'rcsD', archive, member], check=True)
