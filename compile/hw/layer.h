// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compile/graph/graph.h"
#include "compile/graph/hw_ops.h"
#include "compile/hw/timing.h"

/// Hardware layers as hardware: one file per layer turns a node of compile/graph/hw into the streams,
/// the cycles, the memories and the parameters of its SystemVerilog module, and says what it takes.
namespace assay::hw {

class ModuleParameters;
class ResourceModel;
struct AdderGraph;

/// What a module takes, from its parameters (compile/hw/resource_model.h).
using Estimate = void (*)(ResourceModel&, const ModuleParameters&);

/// One AXI4-Stream of a layer: the elements of `tensor` in row-major order, `lanes` a beat, element
/// 0 in the least significant bits, each in exactly its data type's bits (BIPOLAR: 0 is -1). A
/// weight stream repeats the words of `weights` instead.
struct Stream {
  const Tensor* tensor = nullptr;
  DataType dtype;
  std::int64_t lanes = 1;
  std::int64_t beats = 1;  ///< per frame
  bool last = false;       ///< one more bit on top of the data: TLAST

  int data_bits() const { return static_cast<int>(lanes) * dtype.bits; }
  int bits() const { return data_bits() + (last ? 1 : 0); }
};

/// The contents of a memory, one word per entry, written as `name` beside the wrapper for
/// $readmemh. Words are built from fields, the first in the least significant bits.
class MemoryImage {
 public:
  MemoryImage(std::string name, int word_bits) : name_(std::move(name)), word_bits_(word_bits) {}
  const std::string& name() const { return name_; }  ///< "weights.hex"
  int word_bits() const { return word_bits_; }
  std::int64_t words() const { return words_; }
  /// Appends the low `bits` bits of `value` to the word being built; a word ends when it is full.
  void append(std::int64_t value, int bits);
  /// One bit of a word.
  bool bit(std::int64_t word, int bit) const;
  /// The text of the file: one word per line, hexadecimal, most significant digit first. Words must
  /// be complete.
  std::string hex() const;
  /// Reads such a text back; UserError when it has another number or size of words.
  static MemoryImage parse(std::string name, int word_bits, std::int64_t words,
                           std::string_view hex);
  friend bool operator==(const MemoryImage&, const MemoryImage&) = default;

 private:
  std::string name_;
  int word_bits_ = 1, filled_ = 0;   ///< filled_: bits of the word being built
  std::int64_t words_ = 0;           ///< complete ones
  std::vector<std::uint64_t> bits_;  ///< each word on whole 64-bit limbs
};

/// What a layer must remember, for reports.
struct MemoryNeed {
  std::string name;   ///< "weights", "window", ...
  std::string style;  ///< "distributed", "block", "external"
  std::int64_t words = 0;
  int bits = 0;  ///< per word
};

/// A memory that a host can write (rtl/assay_store.sv): `lanes` lanes of `bits` a word, of which each begins
/// with 32 bits of its own in the host's view.
struct StoreNeed {
  std::string image;  ///< "weights.hex"
  std::int64_t lanes = 1, bits = 1, words = 1;

  std::int64_t lane_columns() const { return (bits + 31) / 32; }  ///< of 32 bits
  /// From word to word, in words of 32 bits: a power of two.
  std::int64_t stride() const;
  std::int64_t size() const { return words * stride(); }
};

/// A parameter of the module: an integer or a string, which holds no quotes or backslashes.
struct Parameter {
  std::string name;  ///< as in the RTL: "SimdLanes"
  std::variant<std::int64_t, std::string> value;
};

/// A folding field of a node and what it has to divide.
struct FoldingRule {
  std::string field;  ///< "PE", "SIMD"
  std::int64_t value = 1;
  std::int64_t divides = 1;
  std::string what;  ///< what `divides` counts: "output channels"
};

/// A node as hardware.
struct Layer {
  std::string module;  ///< of rtl/, "assay_mvau", or of what is generated from `adders`
  std::vector<Parameter> parameters;
  std::vector<Stream> inputs, outputs;
  /// Cycles per frame in the steady state, source and sink always ready, frames back to back: the
  /// distance of the last output beats of two frames. Exact.
  std::int64_t cycles = 0;
  Timing timing;
  std::shared_ptr<const AdderGraph> adders;  ///< where the module is made of one
  std::vector<MemoryNeed> memories;
  std::vector<MemoryImage> images;
  std::vector<StoreNeed> stores;  ///< in the order of the layer's ring
  Estimate estimate = nullptr;    ///< the kind's, which build_layer() sets
};

/// How the ports of a module's streams are named; the prefix is followed by _valid_i, _ready_o,
/// _data_i for inputs and _valid_o, _ready_i, _data_o for outputs. With `vector` there is one
/// prefix and all streams share it, stream 0 in the least significant bits.
struct Ports {
  std::vector<std::string> inputs = {"in"}, outputs = {"out"};
  bool vector_inputs = false, vector_outputs = false;
  bool ring = false;  ///< ring_i and ring_o, of assay_store.sv
};

/// An operator as a layer in its place, or why the layer cannot take it.
struct Taken {
  std::unique_ptr<Op> op;
  std::vector<Tensor*> inputs;  ///< in the layer's order
  std::string why;              ///< without an op: "..., what to do"
};

/// What compile/hw/<stem>.cc has to say of its layer, as hardware::<stem>.
struct LayerHardware {
  /// The foldings the node may choose, with their present values.
  std::vector<FoldingRule> (*rules)(const Node&);
  /// Writes a folding field.
  void (*set_folding)(Node&, std::string_view field, std::int64_t value);
  /// The layer; `with_images` false leaves out the contents of memories, which can be large. Called
  /// with foldings that keep to the rules. UserError naming the node for what the RTL cannot do.
  Layer (*build)(const Node&, bool with_images);
  Ports (*ports)(const Node&);
  Estimate estimate;
  /// Where an integer operator on streams becomes this layer alone, with its inputs and its output:
  /// the layer; nothing for any other operator. Null for layers that compile/passes/layers puts
  /// together.
  std::optional<Taken> (*takes)(const Node&) = nullptr;
};

/// A hardware operator.
struct LayerKind : LayerHardware {
  std::string_view type;  ///< the operator's
  /// compile/graph/hw/<stem>.h, compile/hw/<stem>.cc, golden/hw/<stem>.cc, rtl/assay_<stem>.sv;
  /// VVAU's module is assay_mvau.sv.
  std::string_view stem;
};

/// Null for an operator that is no hardware layer.
const LayerKind* find_layer(const Node& node);
std::span<const LayerKind> layer_kinds();  ///< by stem

/// The layer of a node. UserError, naming the node and what would be allowed, when a folding does
/// not divide, a data type is missing, a stream is wider than kMaxStreamBits or FIFO depths do not
/// fit the streams.
Layer build_layer(const Node& node, bool with_images = true);

/// Wider streams are refused: tools slow down beyond.
inline constexpr std::int64_t kMaxStreamBits = 1 << 16;
/// Deeper FIFOs are refused, in beats.
inline constexpr std::int64_t kMaxFifoDepth = std::int64_t{1} << 24;

// ---- For the layers' own files ----------------------------------------------------------------

/// The stream of a tensor. UserError when its data type is not an integer.
Stream stream(const Node& node, const Tensor* tensor, std::int64_t lanes);
std::int64_t elements(const Tensor* tensor);  ///< of the whole tensor
std::int64_t channels(const Tensor* tensor);  ///< the size of its last axis
bool reads_streams(const Node& node);         ///< no input is a constant
[[noreturn]] void layer_error(const Node& node, const std::string& message);
/// Words x bits: "block" from a third of a block RAM on, "distributed" below, unless `wanted` says.
std::string memory_style(std::string_view wanted, std::int64_t words, std::int64_t bits);

/// One per file. A file without its entry, or a layer without its file, does not link.
namespace hardware {
#define ASSAY_HW_LAYER(stem) extern const LayerHardware stem;
#include "generated/hw_layers.def"
}  // namespace hardware

}  // namespace assay::hw
