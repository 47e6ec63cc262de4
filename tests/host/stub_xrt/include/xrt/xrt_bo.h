// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "xrt_device.h"

enum xclBOSyncDirection { XCL_BO_SYNC_BO_TO_DEVICE, XCL_BO_SYNC_BO_FROM_DEVICE };

namespace xrt {

using memory_group = std::uint32_t;

/// The host's copy is its own: what is not synchronised, the device does not see.
class bo {
 public:
  bo(const device& device, std::size_t bytes, memory_group group)
      : line_(device.shared_line()), host_(bytes), address_(next(bytes)) {
    if (group > 63) throw std::runtime_error("there is no such bank of memory");
    line_->say("map " + words(address_, bytes));
  }
  template <typename Pointer>
  Pointer map() {
    return reinterpret_cast<Pointer>(host_.data());
  }
  std::uint64_t address() const { return address_; }
  void sync(xclBOSyncDirection direction, std::size_t bytes, std::size_t offset) {
    if (offset + bytes > host_.size()) throw std::runtime_error("beyond the buffer");
    if (direction == XCL_BO_SYNC_BO_TO_DEVICE) {
      line_->say("put " + words(address_ + offset, bytes), host_.data() + offset, bytes);
      return;
    }
    line_->ask("get " + words(address_ + offset, bytes)).copy(host_.data() + offset, bytes);
  }

 private:
  static std::uint64_t next(std::size_t bytes) {
    static std::uint64_t place = 0x1000;
    const std::uint64_t here = place;
    place += (bytes + 4095) / 4096 * 4096 + 4096;
    return here;
  }

  std::shared_ptr<Line> line_;
  std::vector<char> host_;
  std::uint64_t address_;
};

}  // namespace xrt
