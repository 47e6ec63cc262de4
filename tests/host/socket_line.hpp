// SPDX-License-Identifier: Apache-2.0
// A simulated device, which answers at the other end of standard input as on_device.py has it.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <stdexcept>
#include <string>

class Line {
 public:
  void say(const std::string& text, const void* data = nullptr, std::size_t bytes = 0) {
    std::string all = text + "\n";
    if (data) all.append(static_cast<const char*>(data), bytes);
    for (std::size_t done = 0; done < all.size();) {
      const ssize_t now = ::write(0, all.data() + done, all.size() - done);
      if (now <= 0) throw std::runtime_error("the device is gone");
      done += static_cast<std::size_t>(now);
    }
  }
  std::string ask(const std::string& text) {
    say(text);
    std::string size, answer;
    for (char c = next(); c != '\n'; c = next()) size += c;
    while (answer.size() < std::stoull(size)) answer += next();
    return answer;
  }

 private:
  char next() {
    char c = 0;
    if (::read(0, &c, 1) != 1) throw std::runtime_error("the device is gone");
    return c;
  }
};

inline std::string words(std::uint64_t a, std::uint64_t b) {
  return std::to_string(a) + " " + std::to_string(b);
}
