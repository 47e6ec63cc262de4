// SPDX-License-Identifier: Apache-2.0
// mutants list SEED FILE...: the mutations of all files as drawn, a line each: "FILE NUMBER FILE:LINE: FROM to TO".
// mutants apply FILE NUMBER: changes the file.
#include "mutants/mutator.h"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "compile/base/error.h"
#include "compile/base/file.h"

namespace assay {
namespace {

void list(std::uint64_t seed, const std::vector<std::string>& files) {
  std::vector<Place> places;
  for (const std::string& file : files) {
    const std::string source = read_file(file);
    const std::size_t size = mutations(source).size();
    for (std::size_t i = 0; i < size; ++i) places.push_back({file, i});
  }
  for (const auto& [file, number] : drawn(std::move(places), seed)) {
    const std::string source = read_file(file);
    fmt::print("{} {} {}\n", file, number, mutations(source)[number].text(file, source));
  }
}

void change(const std::string& file, std::size_t number) {
  const std::string source = read_file(file);
  write_file(file, mutated(source, mutations(source).at(number)));
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() > 2 && arguments[0] == "list") {
    list(std::stoull(arguments[1]), {arguments.begin() + 2, arguments.end()});
    return 0;
  }
  if (arguments.size() == 3 && arguments[0] == "apply") {
    change(arguments[1], std::stoull(arguments[2]));
    return 0;
  }
  fmt::print(stderr, "mutants list SEED FILE... | mutants apply FILE NUMBER\n");
  return 2;
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  try {
    return assay::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
