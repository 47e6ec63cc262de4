// SPDX-License-Identifier: Apache-2.0
#include "golden/data/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "compile/base/error.h"

namespace assay {
namespace {

constexpr std::size_t kStep = std::size_t{1} << 20;

/// What is around a deflate stream, as zlib and messages call it.
struct Wrapper {
  int window_bits;
  const char* name;
};
constexpr Wrapper kGzip = {16 + MAX_WBITS, "gzip"};  // 16 asks zlib for the gzip wrapper alone
constexpr Wrapper kBare = {-MAX_WBITS, "deflate"};   // and the sign for none

class Inflater {
 public:
  Inflater(std::string_view compressed, const std::string& name, const Wrapper& wrapper = kGzip)
      : rest_(compressed), name_(name), wrapper_(wrapper) {
    if (inflateInit2(&stream_, wrapper.window_bits) != Z_OK)
      tool_error("zlib cannot start inflating");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  /// Inflates until the content ends or `limit` bytes of it are known.
  std::string run(std::uint64_t limit) {
    std::string out;
    while (!ended_ && out.size() < limit) {
      const std::size_t old_size = out.size();
      const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(kStep, limit - old_size));
      out.resize(old_size + step);
      out.resize(old_size + step - inflate_into(out.data() + old_size, step));
    }
    return out;
  }

  bool ended() const { return ended_; }
  std::size_t unread() const { return rest_.size() + stream_.avail_in; }

 private:
  /// Returns how many of the `size` bytes stayed unused.
  std::size_t inflate_into(char* out, std::size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0 && !ended_) {
      feed();
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        ended_ = true;
      } else if (result == Z_BUF_ERROR) {
        user_error("'{}' is cut short: its {} stream does not end; fetch it again", name_,
                   wrapper_.name);
      } else if (result != Z_OK) {
        user_error("'{}' is damaged or not {}: {}; fetch it again", name_, wrapper_.name,
                   stream_.msg != nullptr ? stream_.msg : "zlib reports no detail");
      }
    }
    return stream_.avail_out;
  }

  void feed() {
    if (stream_.avail_in > 0) return;
    const std::size_t size = std::min(rest_.size(), kStep);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
    stream_.avail_in = static_cast<uInt>(size);
    rest_.remove_prefix(size);
  }

  z_stream stream_{};
  std::string_view rest_;
  const std::string& name_;
  const Wrapper& wrapper_;
  bool ended_ = false;
};

}  // namespace

std::string gunzip(std::string_view compressed, std::uint64_t limit, const std::string& name) {
  Inflater inflater(compressed, name);
  // One byte beyond the limit tells "exactly the limit" from "more".
  std::string out = inflater.run(limit + 1);
  if (out.size() > limit)
    user_error("'{}' inflates to more than the {} bytes it may hold; fetch it again", name, limit);
  if (inflater.unread() > 0)
    user_error("'{}' has {} bytes after the end of its gzip stream; fetch it again", name,
               inflater.unread());
  return out;
}

std::string inflate_raw(std::string_view compressed, std::uint64_t size, const std::string& name) {
  Inflater inflater(compressed, name, kBare);
  std::string out = inflater.run(size + 1);
  if (out.size() != size || inflater.unread() > 0)
    user_error("'{}' does not inflate to the {} bytes that it announces; fetch it again", name,
               size);
  return out;
}

std::string gunzip_prefix(std::string_view compressed, std::size_t count, const std::string& name) {
  return Inflater(compressed, name).run(count);
}

}  // namespace assay
