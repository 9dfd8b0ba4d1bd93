// Small disks: a file as a block device.

import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from '../e2e/harness.mjs';
import { run } from './lib.mjs';

const THROTTLE = '/sys/fs/cgroup/blkio/blkio.throttle';

/** A disk of `megabytes` with a file system of its own, mounted with `options`. */
export class Disk {
  constructor(megabytes, options = 'rw') {
    const folder = scratch();
    Object.assign(this, { image: join(folder, 'image'), path: join(folder, 'disk'), ballast: [] });
    mkdirSync(this.path);
    run('truncate', '-s', `${megabytes}M`, this.image);
    run('mkfs.ext4', '-q', '-m', '0', this.image);
    this.device = run('losetup', '--find', '--show', '--direct-io=on', this.image);
    run('mount', '-o', options, this.device, this.path);
  }

  /** Bytes that are free. */
  get free() {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Leaves `bytes` free, of what there is now. */
  fill(bytes) {
    const more = this.free - bytes;
    if (more <= 0) return;
    this.ballast.push(join(this.path, `ballast-${this.ballast.length}`));
    run('fallocate', '-l', String(more), this.ballast.at(-1));
  }

  empty() {
    for (const file of this.ballast.splice(0)) rmSync(file);
  }

  /** Lets at most so many operations a second through; 0 for all. */
  throttle(operations) {
    const number = run('stat', '-c', '%Hr:%Lr', this.device);
    for (const kind of ['write', 'read']) {
      writeFileSync(`${THROTTLE}.${kind}_iops_device`, `${number} ${operations}`);
    }
  }

  /** Milliseconds that a small write takes until it is on the disk. */
  writeTime() {
    const start = Date.now();
    run('dd', 'if=/dev/zero', `of=${join(this.path, 'probe')}`, 'bs=4k', 'count=1', 'oflag=dsync', 'status=none');
    return Date.now() - start;
  }

  remove() {
    run('umount', '--lazy', this.path);
    run('losetup', '-d', this.device);
    rmSync(this.image);
  }
}
