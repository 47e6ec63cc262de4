// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What a host and a board say to each other (docs/boards.md), as bytes.
namespace assay::board {

enum Kind : std::uint8_t {
  kHello = 0x01,
  kReset = 0x02,
  kData = 0x03,
  kIdentity = 0x81,
  kProgress = 0x82,
  kBeat = 0x83,
  kLastBeat = 0x84,
};

struct Packet {
  std::uint8_t kind = 0;
  std::string body;
  friend bool operator==(const Packet&, const Packet&) = default;
};

/// Polynomial 1021 hex, most significant bit first, beginning with all ones.
std::uint16_t crc16(std::string_view bytes);

/// The packet on the line, with its flags.
std::string encode(const Packet& packet);

/// Finds the packets in what comes from a line. What is damaged or cut off is no packet.
class PacketReader {
 public:
  /// The packet that is complete with this byte.
  std::optional<Packet> take(std::uint8_t byte);
  std::int64_t damaged() const { return damaged_; }

 private:
  std::optional<Packet> finish();
  std::string bytes_;
  bool escaped_ = false, started_ = false, bad_ = false;
  std::int64_t damaged_ = 0;
};

/// A number of `bytes` bytes, most significant first.
std::string big_endian(std::uint64_t value, int bytes);
/// The same back, from `at` on. Aborts where there are none.
std::uint64_t big_endian(std::string_view bytes, std::size_t at, int count);

/// What a board says of itself.
struct Identity {
  int version = 0;
  std::string content_hash;                  ///< 64 hexadecimal digits
  std::int64_t in_bytes = 0, out_bytes = 0;  ///< of a beat
  std::int64_t in_beats = 0, out_beats = 0;  ///< of a frame
  std::int64_t clock_hz = 0, ring_bytes = 0;
};
/// Nothing for a body that is no identity of this protocol.
std::optional<Identity> parse_identity(std::string_view body);

struct Progress {
  int session = 0;
  std::uint16_t accepted = 0, taken = 0;  ///< bytes of data, modulo 65536
};
std::optional<Progress> parse_progress(std::string_view body);

struct Beat {
  int session = 0;
  std::uint16_t number = 0;  ///< of the session's beats, modulo 65536
  std::string data;
  std::uint32_t cycles = 0;  ///< since the accelerator's reset; of last beats
};
/// Of a packet kBeat or kLastBeat with beats of so many bytes.
std::optional<Beat> parse_beat(const Packet& packet, std::int64_t out_bytes);

}  // namespace assay::board
