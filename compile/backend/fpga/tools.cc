// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/fpga/tools.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/file.h"
#include "compile/base/hash.h"
#include "compile/base/printable.h"

namespace assay::fpga {
namespace {

namespace fs = std::filesystem;

constexpr const char* kInstaller = "sh cmake/fpga-tools.sh";
constexpr std::chrono::seconds kVersionLimit{600};  // a WebAssembly tool's first start compiles it

fs::path from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? fs::path(value) : fs::path();
}

fs::path installed() {
  const fs::path data = from_environment("XDG_DATA_HOME"), home = from_environment("HOME");
  if (!data.empty()) return data / "assay" / "fpga-tools";
  return home.empty() ? fs::path() : home / ".local" / "share" / "assay" / "fpga-tools";
}

/// The folders that programs are looked for in, the first first.
std::vector<fs::path> folders() {
  std::vector<fs::path> result;
  const std::string path = from_environment("PATH").string();
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    if (end > at) result.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  for (const fs::path& prefix : {from_environment("ASSAY_FPGA_TOOLS"), installed()})
    if (!prefix.empty()) result.push_back(prefix / "bin");
  return result;
}

bool is_program(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0;
}

/// A program that two folders have, one of which leads to the other (/bin and /usr/bin), is one.
std::vector<Tool> look_for(std::string_view name) {
  std::vector<Tool> tools;
  const auto known = [&](const fs::path& file) {
    return std::ranges::any_of(
        tools, [&](const Tool& tool) { return fs::equivalent(tool.program, file); });
  };
  for (const fs::path& folder : folders())
    for (const bool wasm : {false, true}) {
      const fs::path file = folder / ((wasm ? "yowasp-" : "") + std::string(name));
      if (is_program(file) && !known(file)) tools.push_back({std::string(name), file, wasm});
    }
  return tools;
}

/// Debian has none of the ECP5 tools.
const char* debian_package(std::string_view tool) {
  if (tool == "yosys") return "yosys";
  if (tool == "nextpnr-ice40") return "nextpnr-ice40";
  if (tool.starts_with("ice")) return "fpga-icestorm";
  return nullptr;
}

[[noreturn]] void missing(std::string_view name) {
  const char* package = debian_package(name);
  if (package)
    tool_error("{} is not there; install it with 'apt-get install {}', or without root with '{}'",
               name, package, kInstaller);
  tool_error("{} is not there; install it with '{}' (no root needed)", name, kInstaller);
}

/// Below PREFIX/lib/python3.N/site-packages of the wheel that the launcher PREFIX/bin/yowasp-X
/// belongs to: the file or folder with this path in its package.
std::optional<fs::path> in_wheel(const Tool& tool, const fs::path& relative) {
  std::error_code error;
  const fs::path lib = tool.program.parent_path().parent_path() / "lib";
  std::vector<fs::path> found;
  for (const auto& python : fs::directory_iterator(lib, error))
    for (const auto& package : fs::directory_iterator(python.path() / "site-packages", error))
      if (package.path().filename().string().starts_with("yowasp_") &&
          fs::exists(package.path() / relative, error))
        found.push_back(package.path() / relative);
  if (found.empty()) return {};
  return *std::ranges::min_element(found);
}

/// A wasm tool needs relative paths, and so does whoever wants the same bytes in any folder.
std::vector<std::string> command(const Tool& tool, const std::vector<std::string>& arguments) {
  std::vector<std::string> result = {fs::absolute(tool.program).string()};
  result.insert(result.end(), arguments.begin(), arguments.end());
  return result;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

Tool find_tool(std::string_view name) { return find_tools(name).front(); }

std::vector<Tool> find_tools(std::string_view name) {
  std::vector<Tool> tools = look_for(name);
  if (tools.empty()) missing(name);
  return tools;
}

bool has_tool(std::string_view name) { return !look_for(name).empty(); }

ToolIdentity identify(const Tool& tool) {
  ToolIdentity identity{tool.name, "", ""};
  const auto module = tool.wasm ? in_wheel(tool, tool.name + ".wasm") : std::nullopt;
  identity.sha256 = sha256(read_file(module ? *module : fs::canonical(tool.program)));
  // icepack knows no such option and would print how it is used.
  if (tool.name == "icepack") return identity;
  const ProcessResult result =
      try_tool(tool, {"--version"}, fs::temp_directory_path(), kVersionLimit);
  if (!result.ok() || result.output.empty())
    tool_error("'{} --version' failed (exit code {}): {}", printable(tool.program.string(), 4096),
               result.exit_code, printable(first_line(result.output)));
  identity.version = printable(first_line(result.output));
  return identity;
}

std::string technology_sha256(const Tool& yosys) {
  const fs::path beside =
      fs::canonical(yosys.program).parent_path().parent_path() / "share" / "yosys";
  const fs::path folder = yosys.wasm ? in_wheel(yosys, "share").value_or(beside) : beside;
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& file : fs::recursive_directory_iterator(folder, error))
    if (file.is_regular_file(error)) files.push_back(file.path());
  std::ranges::sort(files);
  std::string text;
  for (const fs::path& file : files)
    text +=
        fmt::format("{} {}\n", file.lexically_relative(folder).string(), sha256(read_file(file)));
  return sha256(text);
}

ProcessResult try_tool(const Tool& tool, const std::vector<std::string>& arguments,
                       const fs::path& dir, std::chrono::seconds limit) {
  return run_process(command(tool, arguments), dir, limit);
}

std::string run_tool(const Tool& tool, const std::vector<std::string>& arguments,
                     const fs::path& dir, std::chrono::seconds limit) {
  ProcessResult result = try_tool(tool, arguments, dir, limit);
  if (result.timed_out) tool_error("{} took longer than {} s", tool.name, limit.count());
  if (!result.ok())
    tool_error("{} failed (exit code {}):\n{}", tool.name, result.exit_code, result.output);
  return std::move(result.output);
}

fs::path icestorm_chipdb() {
  for (const char* folder :
       {"/usr/share/fpga-icestorm/chipdb", "/usr/local/share/icebox", "/usr/share/icebox"}) {
    std::error_code error;
    if (fs::exists(fs::path(folder) / "chipdb-8k.txt", error)) return folder;
  }
  tool_error(
      "the iCE40 databases (chipdb-8k.txt) are not there; install them with 'apt-get install "
      "fpga-icestorm-chipdb'");
}

fs::path trellis_database() {
  const Tool tool = find_tool("nextpnr-ecp5");
  if (const auto folder = in_wheel(tool, "share/trellis/database")) return *folder;
  std::error_code error;
  const fs::path beside =
      fs::canonical(tool.program).parent_path().parent_path() / "share" / "trellis" / "database";
  if (fs::exists(beside / "ECP5", error)) return beside;
  tool_error("there is no Trellis database beside '{}'; install one with '{}'",
             printable(tool.program.string(), 4096), kInstaller);
}

}  // namespace assay::fpga
