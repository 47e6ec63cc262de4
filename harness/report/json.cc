// SPDX-License-Identifier: Apache-2.0
#include "harness/report/json.h"

#include <nlohmann/json.hpp>

#include "compile/base/error.h"

namespace assay {

std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string json_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json parse_json(std::string_view text, std::string_view what) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    user_error("{}: not a JSON document ({})", what, error.what());
  }
}

}  // namespace assay
