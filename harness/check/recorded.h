// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "golden/data/npy.h"
#include "harness/check/float_comparison.h"
#include "harness/report/parts.h"
#include "harness/run/images.h"

namespace assay {

/// The path of the PyTorch module behind a checkpoint of a Brevitas export, down to its quantiser:
/// "/blocks/blocks.0/act1/act_quant/export_handler/Quant_output_0" is "blocks.0.act1.act_quant".
/// Empty for other names.
std::string module_path(std::string_view checkpoint);

/// The names, without ".npy", that a checkpoint's file may have: the checkpoint's own as a file
/// name (what `assay exec --dump` writes), the path of its quantiser's module, and that of the
/// module around it ("blocks.0.act1").
std::vector<std::string> recording_names(const Checkpoint& checkpoint);

/// What another runtime computed for a network on a data set: a folder of .npy files, one for each
/// activation checkpoint, and logits.npy; they may also lie in its folder "activations". The first
/// axis counts images, from the data set's first on. Integer arrays hold the integers q of a
/// checkpoint, floating ones its reals scale * q + offset.
class Recording {
 public:
  struct Activation {
    std::string file;           ///< below the folder
    bool reals = false;         ///< as they were recorded
    std::vector<PackedInts> q;  ///< of the chosen images that are recorded
  };
  struct Logits {
    std::string file;
    std::vector<std::vector<double>> images;
  };

  /// Reads everything and keeps what belongs to the chosen images. UserError naming the file, and
  /// what to do, unless every file matches exactly one checkpoint of `graph`, has its shape, holds
  /// one of the chosen images at least, as many as the other activations do (logits: or more), and
  /// no value that the checkpoint's quantiser cannot put out; and when the images are made up, or
  /// the graph carries activations as integers.
  Recording(std::filesystem::path folder, const Graph& graph, const ChosenImages& images);

  /// How many of the chosen images, from the first on, have activations, and have anything.
  std::int64_t images_with_activations() const { return activation_images_; }
  std::int64_t images() const;
  /// What was recorded at a checkpoint of the graph; null without a file.
  const Activation* activation(std::size_t place) const;
  const std::optional<Logits>& logits() const { return logits_; }
  FloatObservation observation(std::int64_t image) const;
  /// Name and SHA-256 of every file, in order of their names.
  const std::vector<report::File>& identity() const { return identity_; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  void read(const std::string& file);
  void read_activation(const std::string& file, const NpyArray& array);
  void read_logits(const std::string& file, const NpyArray& array);
  std::size_t match(const std::string& file) const;
  NpyArray chosen_rows(const std::string& file, const NpyArray& array) const;
  void check_shape(const std::string& file, const NpyArray& array,
                   const Checkpoint& checkpoint) const;
  void check_counts() const;

  std::filesystem::path folder_;
  const Graph& graph_;
  const ChosenImages& images_;
  std::vector<std::optional<Activation>> activations_;  ///< one per checkpoint of the graph
  std::optional<Logits> logits_;
  std::vector<std::pair<std::string, std::int64_t>> rows_;  ///< of the activations' files
  std::int64_t logits_rows_ = 0;
  std::int64_t activation_images_ = 0;
  std::vector<report::File> identity_;
};

}  // namespace assay
