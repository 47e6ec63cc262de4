// SPDX-License-Identifier: Apache-2.0
#include "harness/page/page.h"

#include <openssl/evp.h>

#include <array>
#include <nlohmann/json.hpp>

#include "compile/base/error.h"
#include "harness/page/page_data.h"
#include "harness/page/page_files.h"

namespace assay {
namespace {

std::string_view page_file(std::string_view name) {
  for (const PageFile& file : page_files())
    if (file.name == name) return file.text;
  ASSAY_INVARIANT(false, "the page has no part " + std::string(name));
  return {};
}

/// As a content security policy names an inline script or style.
std::string policy_hash(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    tool_error("OpenSSL cannot compute a digest");
  std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> base64{};
  EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(length));
  return "'sha256-" + std::string(reinterpret_cast<const char*>(base64.data())) + "'";
}

void replace(std::string& text, std::string_view key, std::string_view value) {
  const std::size_t at = text.find(key);
  ASSAY_INVARIANT(at != std::string::npos, "the page has no place " + std::string(key));
  text.replace(at, key.size(), value);
}

/// JSON that is safe inside a script element: there is no way to end it.
std::string embedded_json(const Json& data) {
  std::string json = json_line(data), text;
  for (const char c : json) text += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return text;
}

}  // namespace

std::string page_html(const Json& data) {
  std::string page(page_file("page.html"));
  const std::string_view style = page_file("page.css"), script = page_file("page.js");
  replace(page, "@POLICY@",
          "default-src 'none'; base-uri 'none'; form-action 'none'; style-src " +
              policy_hash(style) + "; script-src " + policy_hash(script));
  replace(page, "@STYLE@", style);
  replace(page, "@SCRIPT@", script);
  replace(page, "@DATA@", embedded_json(data));  // last: its text must not be searched
  return page;
}

void write_page(const RunDir& dir) { dir.write(kPageFile, page_html(page_data(dir.path()))); }

}  // namespace assay
