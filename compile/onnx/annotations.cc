// SPDX-License-Identifier: Apache-2.0
#include "compile/onnx/annotations.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include "compile/base/error.h"
#include "compile/base/printable.h"
#include "compile/graph/constant_check.h"

namespace assay {
namespace {

constexpr std::string_view kDataType = "finn_datatype", kLayout = "tensor_layout",
                           kSparsity = "tensor_sparsity";
constexpr int kMaxDepth = 16;

/// A reader of Python literals. It never evaluates anything.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail();
  }
  void expect_end() {
    skip_space();
    if (at_ != text_.size()) fail();
  }
  /// A quoted string without escapes.
  std::string_view string() {
    skip_space();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') fail();
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos ||
        text_.substr(at_, end - at_).find('\\') != std::string_view::npos)
      fail();
    const std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return value;
  }
  void value(int depth = 0) {
    if (depth > kMaxDepth) fail();
    if (take('[')) return items(']', false, depth);
    if (take('(')) return items(')', false, depth);
    if (take('{')) return items('}', true, depth);
    skip_space();
    if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"'))
      string();
    else
      word();
  }
  [[noreturn]] void fail() const {
    user_error("'{}' is malformed at character {}", printable(text_, 60), at_);
  }

 private:
  void items(char close, bool keys, int depth) {
    while (!take(close)) {
      value(depth + 1);
      if (keys && take(':')) value(depth + 1);
      if (!take(',')) return expect(close);
    }
  }
  /// A number, True, False or None.
  void word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '.' || text_[at_] == '-' || text_[at_] == '+'))
      ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    const bool number = !word.empty() &&
                        word.find_first_not_of("0123456789.eE+-") == std::string_view::npos &&
                        word.find_first_of("0123456789") != std::string_view::npos;
    if (!number && word != "True" && word != "False" && word != "None") fail();
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n'))
      ++at_;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Names whose values are reals of some kind: FLOAT32 says less, and nothing wrong.
bool is_wider_than_float32_name(std::string_view name) {
  const auto numbers = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789,") == std::string_view::npos;
  };
  if (name == "FLOAT16") return true;
  for (const std::string_view prefix : {"FLOAT<", "SCALEDINT<"})
    if (name.starts_with(prefix) && name.ends_with('>'))
      return numbers(name.substr(prefix.size(), name.size() - prefix.size() - 1));
  return false;
}

DataType parse_data_type(std::string_view name) {
  if (const auto type = DataType::parse(name)) return *type;
  if (is_wider_than_float32_name(name)) return DataType::float32();
  user_error(
      "data type '{}' is not known; FLOAT32, BINARY, BIPOLAR, TERNARY, UINT<n>, INT<n> and "
      "FIXED<w,i> are",
      printable(name));
}

/// The integer that represents `value` in `type`; nothing when there is none.
std::optional<std::int64_t> level_of(const Constant& constant, std::int64_t index, DataType type) {
  if (constant.is_int() && type.is_integer())
    return constant.ints()[static_cast<std::size_t>(index)];
  if (constant.is_float() && type.is_integer()) {  // weights by the million: no big numbers
    const float value = constant.floats()[static_cast<std::size_t>(index)];
    if (std::abs(value) < 0x1p62F) {
      const auto level = static_cast<std::int64_t>(value);
      return static_cast<float>(level) == value ? std::optional(level) : std::nullopt;
    }
  }
  const Real scaled =
      constant.real(index) *
      Real(type.is_integer() ? 1 : std::int64_t{1} << (type.bits - type.integer_bits));
  if (!scaled.is_rational() || scaled.rational().get_den() != 1) return {};
  const mpz_class level = scaled.rational().get_num();
  if (!level.fits_slong_p()) return {};
  return level.get_si();
}

void check_values(const Constant& constant, DataType type) {
  if (type.kind == DataType::Kind::kFloat32 || surely_within(constant, type)) return;
  const DataType levels = type.is_integer() ? type : DataType::sint(type.bits);
  for (std::int64_t i = 0; i < constant.size(); ++i) {
    const auto level = level_of(constant, i, type);
    if (!level || !levels.allows(*level))
      user_error("annotated {} but element {} is {}", type.name(), i, constant.to_float(i));
  }
}

/// The names of axes in a list: "['N', 'C']".
std::vector<std::string> axes_in(std::string_view text) {
  Literal literal(text);
  std::vector<std::string> axes;
  literal.expect('[');
  while (!literal.take(']')) {
    axes.emplace_back(literal.string());
    if (literal.take(',')) continue;
    literal.expect(']');
    break;
  }
  literal.expect_end();
  return axes;
}

/// The layout of axes with one letter each; nothing for names that mean nothing here.
std::optional<Layout> layout_of(const std::vector<std::string>& axes) {
  if (!std::ranges::all_of(axes, [](const std::string& axis) { return axis.size() == 1; }))
    return {};
  return parse_layout(fmt::format("{}", fmt::join(axes, "")));
}

/// Returns what was left out of account, if anything.
std::optional<std::string> apply(Tensor& tensor, const std::string& key, const std::string& value) {
  if (key.empty() && value.empty()) return {};  // how QONNX clears an entry
  if (key == kDataType) {
    const DataType type = parse_data_type(value);
    // Tools annotate integer tensors FLOAT32 when they know nothing about them.
    if (type == DataType::float32()) return {};
    if (tensor.constant) check_values(*tensor.constant, type);
    tensor.dtype = type;
  } else if (key == kLayout) {
    const std::vector<std::string> axes = axes_in(value);
    const auto layout = layout_of(axes);
    if (!layout)
      return fmt::format("its layout [{}] is not known",
                         printable(fmt::format("{}", fmt::join(axes, ", "))));
    tensor.layout = *layout;
  } else if (key == kSparsity) {
    check_literal(value);
  } else {
    user_error("annotation '{}' is not supported; {}, {} and {} are", printable(key), kDataType,
               kLayout, kSparsity);
  }
  return {};
}

}  // namespace

void check_literal(std::string_view text) {
  Literal literal(text);
  literal.value();
  literal.expect_end();
}

std::vector<std::string> apply_annotations(
    const onnx::GraphProto& proto, const std::unordered_map<std::string, Tensor*>& tensors) {
  std::vector<std::string> ignored;
  for (const auto& annotation : proto.quantization_annotation()) {
    const auto it = tensors.find(annotation.tensor_name());
    if (it == tensors.end())
      user_error("an annotation is for tensor '{}', which does not exist",
                 printable(annotation.tensor_name()));
    for (const auto& entry : annotation.quant_parameter_tensor_names()) {
      try {
        if (const auto left_out = apply(*it->second, entry.key(), entry.value()))
          ignored.push_back(
              fmt::format("tensor '{}': {}; ignored, as it does not change the result",
                          printable(annotation.tensor_name()), *left_out));
      } catch (const UserError& error) {
        user_error("tensor '{}': {}", printable(annotation.tensor_name()), error.what());
      }
    }
  }
  return ignored;
}

void add_annotation(onnx::GraphProto& proto, const Tensor& tensor) {
  const DataType usual = tensor.container == Container::kFloat32 ? DataType::float32()
                                                                 : container_type(tensor.container);
  if (tensor.dtype == usual && tensor.layout == Layout::kUnknown) return;
  auto* annotation = proto.add_quantization_annotation();
  annotation->set_tensor_name(tensor.name);
  if (tensor.dtype != usual) {
    auto* entry = annotation->add_quant_parameter_tensor_names();
    entry->set_key(std::string(kDataType));
    entry->set_value(tensor.dtype.name());
  }
  if (tensor.layout == Layout::kUnknown) return;
  std::string list;
  for (const char axis : layout_name(tensor.layout))
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", axis);
  auto* entry = annotation->add_quant_parameter_tensor_names();
  entry->set_key(std::string(kLayout));
  entry->set_value("[" + list + "]");
}

}  // namespace assay
