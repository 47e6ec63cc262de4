// SPDX-License-Identifier: Apache-2.0
// Of XRT's C++ API what board_xrt.cpp takes, written from its documentation, in front of a simulated device.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "../../../socket_line.hpp"

namespace xrt {

class uuid {};

class device {
 public:
  explicit device(unsigned index) : line_(std::make_shared<Line>()) {
    if (index != 0) throw std::runtime_error("there is no device " + std::to_string(index));
  }
  uuid load_xclbin(const std::string& file) {
    if (file.size() < 7 || file.substr(file.size() - 7) != ".xclbin")
      throw std::runtime_error("'" + file + "' is no xclbin");
    return {};
  }
  /// Devices are copied; what they stand for is one.
  std::shared_ptr<Line> shared_line() const { return line_; }

 private:
  std::shared_ptr<Line> line_;
};

}  // namespace xrt
