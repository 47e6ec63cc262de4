// SPDX-License-Identifier: Apache-2.0
// Registers by /dev/mem, or by UIO devices that ASSAY_UIO lists ("/dev/uio0,/dev/uio1", inputs first, run-time weights last); memory by
// u-dma-buf, /dev/udmabuf0 or the one that ASSAY_UDMABUF names ("udmabuf1"), uncached.
#include "board.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <ios>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "assay_host.hpp"

namespace {

std::string setting(const char* name, const std::string& usual) {
  const char* value = std::getenv(name);
  return value ? value : usual;
}

/// What u-dma-buf tells, as "0x1f400000" or "1048576".
std::uint64_t number_in(const std::string& file) {
  std::ifstream in(file);
  std::string text;
  if (!(in >> text))
    throw std::runtime_error("cannot read " + file + ": is the module u-dma-buf loaded?");
  return std::stoull(text, nullptr, 0);
}

std::unique_ptr<assay_host::Mapping> map_registers(const assay_description& description) {
  std::istringstream list(setting("ASSAY_UIO", ""));
  std::vector<std::string> paths;
  for (std::string path; std::getline(list, path, ',');) paths.push_back(path);
  return paths.empty() ? std::make_unique<assay_host::Mapping>(description)
                       : std::make_unique<assay_host::Mapping>(description, paths);
}

class LinuxBoard : public Board {
 public:
  explicit LinuxBoard(const assay_description& description)
      : registers_(map_registers(description)) {
    const std::string name = setting("ASSAY_UDMABUF", "udmabuf0"),
                      folder = "/sys/class/u-dma-buf/" + name;
    address_ = number_in(folder + "/phys_addr");
    bytes_ = number_in(folder + "/size");
    const int file = ::open(("/dev/" + name).c_str(), O_RDWR | O_SYNC);
    if (file < 0) throw std::runtime_error("cannot open /dev/" + name);
    memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (memory_ == MAP_FAILED) throw std::runtime_error("cannot map /dev/" + name);
  }
  ~LinuxBoard() override { ::munmap(memory_, bytes_); }
  LinuxBoard(const LinuxBoard&) = delete;
  LinuxBoard& operator=(const LinuxBoard&) = delete;

  assay_access access() override { return registers_->access(); }
  assay_buffer allocate(unsigned, std::size_t bytes) override {
    constexpr std::size_t kPage = 4096;
    if (bytes > bytes_ - used_)
      throw std::runtime_error(
          "u-dma-buf has " + std::to_string(bytes_) +
          " bytes, which is too little: load it with more, or take a smaller --batch-size");
    const assay_buffer buffer = {static_cast<char*>(memory_) + used_, address_ + used_, bytes};
    used_ += (bytes + kPage - 1) / kPage * kPage;
    if (used_ > bytes_) used_ = bytes_;
    return buffer;
  }

 private:
  std::unique_ptr<assay_host::Mapping> registers_;
  void* memory_ = nullptr;
  std::uint64_t address_ = 0;
  std::size_t bytes_ = 0, used_ = 0;
};

}  // namespace

std::unique_ptr<Board> open_board(const assay_description& description) {
  return std::make_unique<LinuxBoard>(description);
}
