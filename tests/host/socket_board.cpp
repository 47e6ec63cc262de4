// SPDX-License-Identifier: Apache-2.0
// board.hpp for the host's example, unchanged, in front of a simulated device: tests/system.
#include "socket_line.hpp"

#include <list>
#include <string>
#include <vector>

#include "board.hpp"

namespace {

class SocketBoard : public Board {
 public:
  assay_access access() override { return {&line_, read, write, flush, invalidate}; }
  assay_buffer allocate(unsigned, std::size_t bytes) override {
    constexpr std::uint64_t kPage = 4096;
    memory_.emplace_back(bytes);
    const assay_buffer buffer = {memory_.back().data(), next_, bytes};
    next_ += (bytes + kPage - 1) / kPage * kPage + kPage;
    line_.say("map " + words(buffer.address, bytes));
    return buffer;
  }

 private:
  static int read(void* line, unsigned mover, unsigned offset, std::uint32_t* value) {
    *value = static_cast<std::uint32_t>(
        std::stoul(static_cast<Line*>(line)->ask("read " + words(mover, offset))));
    return 0;
  }
  static int write(void* line, unsigned mover, unsigned offset, std::uint32_t value) {
    static_cast<Line*>(line)->say("write " + words(mover, offset) + " " + std::to_string(value));
    return 0;
  }
  static int flush(void* line, const assay_buffer* buffer, std::size_t bytes) {
    static_cast<Line*>(line)->say("put " + words(buffer->address, bytes), buffer->memory, bytes);
    return 0;
  }
  static int invalidate(void* line, const assay_buffer* buffer, std::size_t bytes) {
    const std::string now = static_cast<Line*>(line)->ask("get " + words(buffer->address, bytes));
    now.copy(static_cast<char*>(buffer->memory), now.size());
    return 0;
  }

  Line line_;
  std::list<std::vector<char>> memory_;
  std::uint64_t next_ = 0x1000;
};

}  // namespace

std::unique_ptr<Board> open_board(const assay_description&) {
  return std::make_unique<SocketBoard>();
}
