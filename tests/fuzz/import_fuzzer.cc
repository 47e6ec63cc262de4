// SPDX-License-Identifier: Apache-2.0
// libFuzzer target: any bytes either import or are refused with a UserError, and what imports
// survives a round trip.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "compile/base/error.h"
#include "compile/onnx/export.h"
#include "compile/onnx/import.h"

namespace {

using assay::Graph;
using assay::UserError;

[[noreturn]] void fail(const char* what, const std::string& detail) {
  std::fprintf(stderr, "%s\n%s\n", what, detail.c_str());
  __builtin_trap();
}

void check_round_trip(const Graph& graph) {
  std::string saved;
  try {
    saved = assay::export_bytes(graph);
  } catch (const UserError&) {
    return;  // a file may import two versions of QONNX's operators under two domain names; one name
             // cannot
  }
  try {
    const Graph again = assay::import_bytes(saved, {}, "saved");
    if (assay::to_text(again) != assay::to_text(graph))
      fail("the round trip changed the graph",
           assay::to_text(graph) + "---\n" + assay::to_text(again));
  } catch (const UserError& error) {
    fail("the importer refuses what the exporter wrote", error.what());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check_round_trip(assay::import_bytes({reinterpret_cast<const char*>(data), size}, {}, "fuzz"));
  } catch (const UserError&) {
    return 0;
  }
  return 0;
}
