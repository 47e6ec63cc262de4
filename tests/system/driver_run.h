// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "compile/backend/verilog/weight_map.h"
#include "compile/base/file.h"
#include "compile/base/process.h"
#include "harness/build/driver_package.h"
#include "harness/system/simulated_system.h"

/// Drivers in front of a simulated system: scripts for PYNQ, programs in C and C++.
namespace assay {

/// A python3 that has NumPy; empty: there is none.
inline std::string python() {
  for (const char* name : {"python3", "/usr/bin/python3"})
    if (std::system(fmt::format("{} -c 'import numpy' 2>/dev/null", name).c_str()) == 0)
      return name;
  return "";
}

/// The command that runs a script of a package for PYNQ on a device that is a socket.
inline std::vector<std::string> pynq_command(const std::filesystem::path& package,
                                             const std::string& script,
                                             const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {find_program(python(), "python3").string(),
                                      ASSAY_SOURCE_DIR "/tests/host/on_device.py",
                                      (package / script).string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

/// A program that drives, in front of a simulated system: what it ends with. The bus to run-time weights ends at `reach`.
class DriverRun {
 public:
  DriverRun(SimulatedSystem& system, const std::filesystem::path& folder,
            const std::vector<std::string>& command, std::int64_t reach = kWeightBytes)
      : system_(system), reach_(static_cast<std::uint64_t>(reach)) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
      throw std::runtime_error("no line");
    fd_ = ends[0];
    program_ = std::make_unique<Companion>(command, folder, ends[1]);
    ::close(ends[1]);
    while (serve()) {
    }
    while (!program_->ended()) ::usleep(10000);
  }
  ~DriverRun() { ::close(fd_); }
  DriverRun(const DriverRun&) = delete;
  DriverRun& operator=(const DriverRun&) = delete;
  std::string output() const { return program_->output(); }

 private:
  static constexpr std::int64_t kStep = 100;  ///< cycles that go by while a register is read

  /// Nothing once the program is gone.
  std::optional<char> next() {
    char c = 0;
    return ::read(fd_, &c, 1) == 1 ? std::optional(c) : std::nullopt;
  }

  void answer(const std::string& bytes) {
    const std::string text = std::to_string(bytes.size()) + "\n" + bytes;
    ASSERT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), std::ssize(text));
  }

  bool serve() {
    std::string line;
    for (auto c = next(); c != '\n'; c = next()) {
      if (!c) return false;
      line += *c;
    }
    std::istringstream words(line);
    std::string what;
    std::uint64_t a = 0, b = 0, c = 0;
    words >> what >> a >> b >> c;
    sim::AxiSession& host = system_.host();
    if (what == "ips") {
      std::string names;
      for (const DataMover& m : system_.movers()) names += m.name + " ";
      if (!system_.top().rtl.stores.empty()) names += "accelerator0 ";  // run-time weights
      answer(names);
    } else if (what == "map") {
      host.map({a, b}, true, true);
    } else if (what == "read") {
      host.step(kStep);
      require_reach(a, b);
      answer(std::to_string(host.read(a, static_cast<unsigned>(b))));
    } else if (what == "write") {
      require_reach(a, b);
      host.write(a, static_cast<unsigned>(b), static_cast<std::uint32_t>(c));
    } else if (what == "put") {
      std::string bytes;
      while (bytes.size() < b) bytes += next().value();
      host.put(a, bytes);
    } else {
      answer(host.get(a, b));
    }
    return true;
  }

  void require_reach(std::uint64_t port, std::uint64_t offset) const {
    EXPECT_TRUE(port != system_.movers().size() || offset < reach_)
        << "beyond the bus to run-time weights: " << offset;
  }

  SimulatedSystem& system_;
  std::uint64_t reach_;
  int fd_ = -1;
  std::unique_ptr<Companion> program_;
};

/// What the command says that `begin` makes of `folder`, which gets both packages of a run's accelerator and what
/// `spoil` leaves of them, in front of the accelerator as it is simulated. The bus to run-time weights reaches `reach` bytes.
inline std::string drive_packages(
    const std::filesystem::path& run, const std::filesystem::path& folder,
    const std::function<std::vector<std::string>(const std::filesystem::path&)>& begin,
    const std::function<void(const std::filesystem::path&)>& spoil,
    std::int64_t reach = kWeightBytes) {
  const RtlSession session(run, {}, {});
  SimulatedSystem system(session, {.memory_bits = 128, .content_hash = ""}, 1);
  std::ostringstream nowhere;
  const Console console{nowhere, nowhere, false, true};
  DriverPlace place;
  place.movers = system.movers();
  for (std::size_t m = 0; m < place.movers.size(); ++m)
    place.addresses.push_back(0x43c00000 + 0x10000 * static_cast<std::int64_t>(m));
  if (const auto& stores = system.top().rtl.stores; !stores.empty())
    place.weights = {"accelerator0", 0x44000000, std::min(weight_range(stores), reach)};
  const DriverPackages made = driver_packages(session, place, console);
  for (const auto& [name, files] : {std::pair{"driver", &made.pynq}, std::pair{"host", &made.c}}) {
    std::filesystem::create_directories(folder / name);
    for (const NodeRtl::File& file : *files) write_file(folder / name / file.name, file.text);
  }
  if (spoil) spoil(folder);
  const std::vector<std::string> command = begin(folder);
  if (command.empty()) return "";
  system.host().pace({.profile = sim::Profile::kBursts, .latency = 20});
  const std::string output = DriverRun(system, folder, command, reach).output();
  EXPECT_TRUE(system.host().violations().empty());
  return output;
}

/// `make` of a host in C and C++.
inline ProcessResult make_host(const std::filesystem::path& host,
                               const std::vector<std::string>& settings) {
  std::vector<std::string> command = {find_program("make", "make").string(), "CC=gcc", "CXX=g++"};
  command.insert(command.end(), settings.begin(), settings.end());
  return run_process(command, host, std::chrono::seconds(300));
}

}  // namespace assay
