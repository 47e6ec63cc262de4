// SPDX-License-Identifier: Apache-2.0
#include "harness/board/packets.h"

#include <fmt/format.h>

#include <utility>

#include "compile/base/error.h"

namespace assay::board {
namespace {

constexpr std::uint8_t kFlag = 0x7e, kEscape = 0x7d, kTurn = 0x20;
constexpr std::size_t kMostBytes = 1 << 17;  ///< of a packet: more is a line without flags
constexpr std::string_view kMagic = "ASYB";
constexpr int kHashBytes = 32;
constexpr std::size_t kIdentityBytes = 55;

}  // namespace

std::uint16_t crc16(std::string_view bytes) {
  unsigned crc = 0xffff;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned>(static_cast<std::uint8_t>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? crc << 1 ^ 0x1021U : crc << 1;
    crc &= 0xffffU;
  }
  return static_cast<std::uint16_t>(crc);
}

std::string encode(const Packet& packet) {
  std::string plain(1, static_cast<char>(packet.kind));
  plain += packet.body;
  plain += big_endian(crc16(plain), 2);
  std::string line(1, static_cast<char>(kFlag));
  for (const char c : plain) {
    const auto byte = static_cast<std::uint8_t>(c);
    const bool turned = byte == kFlag || byte == kEscape;
    if (turned) line += static_cast<char>(kEscape);
    line += static_cast<char>(turned ? byte ^ kTurn : byte);
  }
  return line + static_cast<char>(kFlag);
}

std::optional<Packet> PacketReader::take(std::uint8_t byte) {
  if (byte == kFlag) return finish();
  if (byte == kEscape) {
    bad_ = bad_ || escaped_;
    escaped_ = true;
    return {};
  }
  bytes_ += static_cast<char>(escaped_ ? byte ^ kTurn : byte);
  escaped_ = false;
  if (bytes_.size() <= kMostBytes) return {};
  bytes_.clear();
  bad_ = true;
  return {};
}

std::optional<Packet> PacketReader::finish() {
  const std::string bytes = std::exchange(bytes_, "");
  const bool bad = std::exchange(bad_, false) || std::exchange(escaped_, false);
  if (!std::exchange(started_, true)) return {};  // the end of something
  if (bytes.empty() && !bad) return {};
  if (bad || bytes.size() < 3 || crc16(bytes) != 0) {
    ++damaged_;
    return {};
  }
  return Packet{static_cast<std::uint8_t>(bytes[0]), bytes.substr(1, bytes.size() - 3)};
}

std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xffU);
  return text;
}

std::uint64_t big_endian(std::string_view bytes, std::size_t at, int count) {
  ASSAY_INVARIANT(at + static_cast<std::size_t>(count) <= bytes.size(), "a number is cut off");
  std::uint64_t value = 0;
  for (int i = 0; i < count; ++i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}

std::optional<Identity> parse_identity(std::string_view body) {
  if (body.size() != kIdentityBytes || !body.starts_with(kMagic)) return {};
  std::size_t at = kMagic.size();
  const auto number = [&](int bytes) {
    const auto value = static_cast<std::int64_t>(big_endian(body, at, bytes));
    at += static_cast<std::size_t>(bytes);
    return value;
  };
  Identity id;
  id.version = static_cast<int>(number(1));
  for (int i = 0; i < kHashBytes; ++i) id.content_hash += fmt::format("{:02x}", number(1));
  id.in_bytes = number(2);
  id.out_bytes = number(2);
  id.in_beats = number(4);
  id.out_beats = number(4);
  id.clock_hz = number(4);
  id.ring_bytes = number(2);
  return id;
}

std::optional<Progress> parse_progress(std::string_view body) {
  if (body.size() != 5) return {};
  return Progress{static_cast<int>(big_endian(body, 0, 1)),
                  static_cast<std::uint16_t>(big_endian(body, 1, 2)),
                  static_cast<std::uint16_t>(big_endian(body, 3, 2))};
}

std::optional<Beat> parse_beat(const Packet& packet, std::int64_t out_bytes) {
  const bool last = packet.kind == kLastBeat;
  const auto bytes = static_cast<std::size_t>(out_bytes);
  if (packet.body.size() != 3 + bytes + (last ? 4 : 0)) return {};
  Beat beat;
  beat.session = static_cast<int>(big_endian(packet.body, 0, 1));
  beat.number = static_cast<std::uint16_t>(big_endian(packet.body, 1, 2));
  beat.data = packet.body.substr(3, bytes);
  if (last) beat.cycles = static_cast<std::uint32_t>(big_endian(packet.body, 3 + bytes, 4));
  return beat;
}

}  // namespace assay::board
