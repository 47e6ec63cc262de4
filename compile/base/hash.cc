// SPDX-License-Identifier: Apache-2.0
#include "compile/base/hash.h"

#include <openssl/evp.h>

#include <array>

#include "compile/base/error.h"

namespace assay {
namespace {

std::string hex_digest(std::string_view bytes, const EVP_MD* algorithm) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, algorithm, nullptr) != 1)
    tool_error("OpenSSL cannot compute a digest");
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace

std::string sha256(std::string_view bytes) { return hex_digest(bytes, EVP_sha256()); }

std::string md5(std::string_view bytes) { return hex_digest(bytes, EVP_md5()); }

}  // namespace assay
