// SPDX-License-Identifier: Apache-2.0
// An accelerator card behind XRT: a mover is a kernel that this program alone drives, by its registers, and so is the
// accelerator where it has run-time weights; memory is that of the card, with a copy for the host. ASSAY_XCLBIN names what
// is loaded, ../assay.xclbin if not given, ASSAY_DEVICE the card, 0.
#include <experimental/xrt_ip.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_kernel.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "board.hpp"

namespace {

std::string setting(const char* name, const std::string& usual) {
  const char* value = std::getenv(name);
  return value ? value : usual;
}

class XrtBoard : public Board {
 public:
  explicit XrtBoard(const assay_description& description)
      : device_(static_cast<unsigned>(std::stoul(setting("ASSAY_DEVICE", "0")))) {
    const auto uuid = device_.load_xclbin(setting("ASSAY_XCLBIN", "../assay.xclbin"));
    for (unsigned i = 0; i < description.inputs + description.outputs; ++i) {
      const std::string name = description.streams[i].mover;
      kernels_.emplace_back(device_, uuid, name + ":{" + name + "}",
                            xrt::kernel::cu_access_mode::exclusive);
    }
    if (description.weights) weights_.emplace(device_, uuid, "accelerator:{accelerator0}");
  }

  assay_access access() override { return {this, read, write, flush, invalidate}; }
  assay_buffer allocate(unsigned mover, std::size_t bytes) override {
    constexpr int kBase = 0;  // the kernel's argument that is an address
    buffers_.emplace_back(device_, bytes, kernels_.at(mover).group_id(kBase));
    xrt::bo& buffer = buffers_.back();
    return {buffer.map<char*>(), buffer.address(), bytes};
  }

 private:
  /// What XRT throws is a failure to C.
  template <typename Action>
  static int tried(const Action& action) noexcept {
    try {
      action();
      return 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "XRT: %s\n", error.what());
      return 1;
    }
  }
  static XrtBoard& self(void* context) { return *static_cast<XrtBoard*>(context); }

  static int read(void* context, unsigned mover, unsigned offset, std::uint32_t* value) {
    return tried([&] {
      XrtBoard& board = self(context);
      *value = board.is_weights(mover) ? board.weights_->read_register(offset)
                                       : board.kernels_.at(mover).read_register(offset);
    });
  }
  static int write(void* context, unsigned mover, unsigned offset, std::uint32_t value) {
    return tried([&] {
      XrtBoard& board = self(context);
      if (board.is_weights(mover))
        board.weights_->write_register(offset, value);
      else
        board.kernels_.at(mover).write_register(offset, value);
    });
  }
  static int flush(void* context, const assay_buffer* buffer, std::size_t bytes) {
    return tried([&] { self(context).find(*buffer).sync(XCL_BO_SYNC_BO_TO_DEVICE, bytes, 0); });
  }
  static int invalidate(void* context, const assay_buffer* buffer, std::size_t bytes) {
    return tried([&] { self(context).find(*buffer).sync(XCL_BO_SYNC_BO_FROM_DEVICE, bytes, 0); });
  }

  /// Of the port that has the number behind the movers'.
  bool is_weights(unsigned mover) const { return weights_ && mover == kernels_.size(); }
  xrt::bo& find(const assay_buffer& buffer) {
    for (xrt::bo& one : buffers_)
      if (one.map<char*>() == buffer.memory) return one;
    throw std::runtime_error("a buffer that is not the board's");
  }

  xrt::device device_;
  std::vector<xrt::kernel> kernels_;
  std::optional<xrt::ip> weights_;
  std::list<xrt::bo> buffers_;
};

}  // namespace

std::unique_ptr<Board> open_board(const assay_description& description) {
  return std::make_unique<XrtBoard>(description);
}
