// Returns this platform's name in the names of the native packages, as in ts/native.ts; or that of a platform in
// Rust's words, such as `aarch64-unknown-linux-musl`.
export function platformName(triple = '') {
  if (triple !== '') {
    const [machine, , system, abi] = triple.split('-');
    const cpu = { x86_64: 'x64', aarch64: 'arm64' }[machine];
    const os = { linux: 'linux', darwin: 'darwin', windows: 'win32' }[system];
    if (cpu === undefined || os === undefined) throw new Error(`no npm package for ${triple}`);
    return [os, cpu, abi].filter((part) => part !== undefined).join('-');
  }
  const { platform, arch } = process;
  if (platform === 'linux') {
    const { header } = process.report.getReport();
    return `linux-${arch}-${header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`;
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

/** Returns Cargo's file name of a dynamic library, for a platform of Node.js. */
export function libraryName(crate, platform = process.platform) {
  if (platform === 'win32') return `${crate}.dll`;
  return platform === 'darwin' ? `lib${crate}.dylib` : `lib${crate}.so`;
}
