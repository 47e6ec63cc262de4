// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/report/fields.h"

/// What several reports have in common (docs/reports.md).
namespace assay::report {

/// Faults planted into copies of real results, and how many of them the comparison reported.
struct Canaries {
  std::int64_t planted = 0, caught = 0;
  void fields(Fields& f);
};

/// One element that differs.
struct Difference {
  std::string checkpoint, node;
  std::int64_t image = 0;
  std::int64_t element = 0;  ///< row-major within the image
  std::optional<std::int64_t> channel, row, column;
  std::string expected, got;  ///< integers, or exact reals where the values are real
  void fields(Fields& f);
};

/// A program: its version and its SHA-256.
struct Program {
  std::string version, sha256;
  void fields(Fields& f);
  friend bool operator==(const Program&, const Program&) = default;
};

/// A network: SHA-256 of its file and of its graph's text, which covers external data too.
struct Model {
  std::string sha256, graph_sha256;
  void fields(Fields& f);
  friend bool operator==(const Model&, const Model&) = default;
};

/// The images that were used.
struct Data {
  std::string name, sha256;
  std::int64_t first = 0, images = 0;
  bool synthetic = false, labels = false;
  std::optional<std::vector<std::string>> inputs;  ///< the names of several, an array of each
  void fields(Fields& f);
  friend bool operator==(const Data&, const Data&) = default;
};

/// How pixels become the network's input.
struct Preprocess {
  std::string kind;
  std::optional<std::vector<std::string>> mean, std;  ///< of "normalize"
  std::optional<std::string> graph_sha256;            ///< of "file"
  void fields(Fields& f);
  friend bool operator==(const Preprocess&, const Preprocess&) = default;
};

struct File {
  std::string file, sha256;
  void fields(Fields& f);
  friend bool operator==(const File&, const File&) = default;
};

/// Right answers.
struct Accuracy {
  struct Class {
    std::int64_t label = 0;
    std::optional<std::string> name;
    std::int64_t images = 0, correct = 0;
    std::optional<double> accuracy;
    void fields(Fields& f);
  };
  struct Wrong {
    std::int64_t image = 0, label = 0, predicted = 0;
    void fields(Fields& f);
  };
  std::int64_t predicted = 0, compared = 0, k = 0, top1_correct = 0, top_k_correct = 0;
  double top1 = 0, top_k = 0;
  std::optional<double> mean_loss;
  // Details, where asked for
  std::optional<std::vector<Class>> classes;
  std::optional<std::vector<std::vector<std::int64_t>>> confusion;
  std::optional<std::vector<Wrong>> misclassified;
  void fields(Fields& f);
};

/// Of exact arithmetic and of the float32 reference.
struct Accuracies {
  std::optional<Accuracy> exact, floating;
  void fields(Fields& f);
};

/// An image that float32 labels otherwise.
struct ChangedLabel {
  std::int64_t image = 0, exact = 0, floating = 0;
  void fields(Fields& f);
};

/// A checkpoint that was compared.
struct Checkpoint {
  std::string name, kind, dtype;
  std::vector<std::int64_t> shape;
  std::string node, compared_as;
  std::int64_t predicted = 0, compared = 0, differing = 0;
  std::optional<Difference> first_difference;
  void fields(Fields& f);
};

struct Resources {
  std::int64_t lut = 0, ff = 0, bram = 0, dsp = 0;
  void fields(Fields& f);
};

/// A part, and what it has.
struct Device {
  std::string name, family;
  std::int64_t block_ram_bits = 0;
  Resources has;
  void fields(Fields& f);
};

/// Elements that were compared, and the first that differs, in words.
struct Tally {
  std::int64_t predicted = 0, compared = 0, differing = 0;
  std::string first;
  void fields(Fields& f);
};

}  // namespace assay::report
