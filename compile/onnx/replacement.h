// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compile/onnx/builder.h"

namespace assay {

/// The operator set whose forms drafts have that import itself writes.
inline constexpr std::int64_t kOwnVersion = 14;

/// A name that leads back to the output of `draft`.
std::string helper_name(const Draft& draft, std::string_view what, std::size_t output = 0);

/// UserError unless the draft has so many inputs, left out ones included, and at most `outputs`
/// outputs.
void expect_count(const Draft& draft, std::size_t least, std::size_t most, std::size_t outputs = 1);
/// The same, and none of the first `least` is left out.
void expect_arity(const Draft& draft, std::size_t least, std::size_t most, std::size_t outputs = 1);
/// UserError when input `index` holds integers; the forms of an operator that is several here may
/// leave their range.
void expect_real(const Draft& draft, std::size_t index);

/// The value of a constant, through Identity nodes and shape arithmetic; null when it is computed.
const Constant* constant_value(const GraphBuilder& builder, Tensor* tensor);
/// The integers of input `index`. UserError that names `what` when they are no constant.
std::vector<std::int64_t> constant_ints(const GraphBuilder& builder, const Draft& draft,
                                        std::size_t index, std::string_view what);

/// Puts several nodes of the IR into the place of one of the file's. All names begin with that of
/// the file's output; the node that makes it keeps the name of the file's node.
class Replacement {
 public:
  using Ints = std::vector<std::int64_t>;

  Replacement(GraphBuilder& builder, const Draft& draft, std::size_t output = 0)
      : builder_(builder), draft_(draft), output_(output) {}

  Tensor* number(float value, std::string_view what) const;
  Tensor* list(Ints values, std::string_view what) const;
  Tensor* integer(std::int64_t value, Container container, std::string_view what) const;

  /// A node on the way to the last one, of which output `index` is read.
  Tensor* add(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, std::string_view what,
              std::size_t index = 0) const;
  template <typename T>
  Tensor* add(std::vector<Tensor*> inputs, std::string_view what) const {
    return add(std::make_unique<T>(), std::move(inputs), what);
  }
  /// The node that makes the file's output.
  void end(std::unique_ptr<Op> op, std::vector<Tensor*> inputs, std::size_t index = 0) const;
  template <typename T>
  void end(std::vector<Tensor*> inputs) const {
    end(std::make_unique<T>(), std::move(inputs));
  }
  /// The same with an operator in the form of a file, with attributes and older forms.
  Tensor* build(std::string_view type, std::vector<Tensor*> inputs, Attributes attributes,
                std::string_view what) const;
  void build_end(std::string_view type, std::vector<Tensor*> inputs,
                 Attributes attributes = {}) const;

 private:
  std::string end_name() const;
  Draft draft_of(std::string_view type, std::vector<Tensor*> inputs, Attributes attributes) const;

  GraphBuilder& builder_;
  const Draft& draft_;
  std::size_t output_;
};

}  // namespace assay
