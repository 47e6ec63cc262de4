// SPDX-License-Identifier: Apache-2.0
// mutants list SEED COUNT FILE...: COUNT mutations drawn over all files, a line each: "FILE NUMBER FILE:LINE: FROM to TO".
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

void list(std::uint64_t seed, std::size_t count, const std::vector<std::string>& files) {
  std::vector<std::string> sources;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // of a file, of a mutation in it
  for (const std::string& file : files) {
    sources.push_back(read_file(file));
    for (std::size_t i = 0; i < mutations(sources.back()).size(); ++i)
      places.emplace_back(sources.size() - 1, i);
  }
  for (const std::size_t place : drawn(places.size(), count, seed)) {
    const auto [file, number] = places[place];
    fmt::print("{} {} {}\n", files[file], number,
               mutations(sources[file])[number].text(files[file], sources[file]));
  }
}

void change(const std::string& file, std::size_t number) {
  const std::string source = read_file(file);
  write_file(file, mutated(source, mutations(source).at(number)));
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() > 3 && arguments[0] == "list") {
    list(std::stoull(arguments[1]), std::stoull(arguments[2]),
         {arguments.begin() + 3, arguments.end()});
    return 0;
  }
  if (arguments.size() == 3 && arguments[0] == "apply") {
    change(arguments[1], std::stoull(arguments[2]));
    return 0;
  }
  fmt::print(stderr, "mutants list SEED COUNT FILE... | mutants apply FILE NUMBER\n");
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
