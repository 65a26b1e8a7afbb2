/** @type {import('next').NextConfig} */
export default {
  // It has a native library, which a bundler cannot include.
  serverExternalPackages: ['viseme'],
};
