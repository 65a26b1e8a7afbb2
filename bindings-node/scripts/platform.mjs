// Returns this platform's name in the names of the native packages, as in ts/native.ts.
export function platformName() {
  const { platform, arch } = process;
  if (platform === 'linux') {
    const { header } = process.report.getReport();
    return `linux-${arch}-${header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`;
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

/** Returns Cargo's file name of a dynamic library. */
export function libraryName(crate) {
  const { platform } = process;
  if (platform === 'win32') return `${crate}.dll`;
  return platform === 'darwin' ? `lib${crate}.dylib` : `lib${crate}.so`;
}
