// SPDX-License-Identifier: Apache-2.0
// What tests build stays between test runs, beside the test programs, and never goes to the cache folder
// of who runs them. In every test program.
#include <cstdlib>
#include <filesystem>

namespace {

[[maybe_unused]] const int set_user_cache = [] {
  const auto programs = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  return ::setenv("XDG_CACHE_HOME", (programs / "cache").c_str(), 1);
}();

}  // namespace
