// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

/// The content of a gzip file of one member, its CRC and length verified. UserError naming `name`
/// when it is damaged, cut short, followed by other bytes, or inflates to more than `limit` bytes
/// (memory stays within `limit` plus a constant then).
std::string gunzip(std::string_view compressed, std::uint64_t limit, const std::string& name);

/// The first `count` bytes of the content, fewer when it is shorter. The rest is not examined.
std::string gunzip_prefix(std::string_view compressed, std::size_t count, const std::string& name);

/// The content of a bare deflate stream, as zip files hold it. UserError naming `name` when it is
/// damaged, cut short, followed by other bytes, or its content is not `size` bytes long (memory
/// stays within `size` plus a constant).
std::string inflate_raw(std::string_view compressed, std::uint64_t size, const std::string& name);

}  // namespace assay
