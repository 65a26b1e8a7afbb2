import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FILE = process.platform === 'win32' ? 'viseme-mock.exe' : 'viseme-mock';

/**
 * Returns the path of the program: `VISEME_MOCK_BINARY`, Cargo's build in a checkout, or the one in
 * this platform's package.
 */
export function binaryPath(): string {
  const given = process.env['VISEME_MOCK_BINARY'];
  if (given !== undefined) {
    return given;
  }
  const target = join(__dirname, '..', '..', '..', 'target');
  const built = ['debug', 'release'].map((profile) => join(target, profile, FILE)).find(existsSync);
  if (built !== undefined) {
    return built;
  }
  const name = `@viseme/mock-${platformName()}`;
  try {
    return require.resolve(`${name}/${FILE}`);
  } catch (cause) {
    const { version } = require('../package.json') as { version: string };
    throw new Error(
      `viseme-mock: the program for this platform, ${name}, is not installed. It is an optional ` +
        'dependency: install without --omit=optional and --no-optional. If you install from a clone ' +
        'of the repository, install both files of `cargo xtask node pack`: ' +
        `viseme-mock-${version}.tgz and viseme-mock-${platformName()}-${version}.tgz.`,
      { cause },
    );
  }
}

function platformName(): string {
  const { platform, arch } = process;
  if (platform === 'win32') {
    return `win32-${arch}-msvc`;
  }
  return platform === 'linux'
    ? `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`
    : `${platform}-${arch}`;
}

function isMusl(): boolean {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  report.excludeNetwork = true;
  const { header } = report.getReport() as unknown as { header: Record<string, unknown> };
  return header['glibcVersionRuntime'] === undefined;
}
