// SPDX-License-Identifier: Apache-2.0
#include "golden/data/pickle.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay {
namespace {

// A genuine batch has about 30,000 opcodes; this bounds memory whatever the file says.
constexpr std::size_t kOpcodeLimit = 4'000'000;

enum class Kind {
  kNone,
  kBool,
  kInt,
  kBytes,
  kText,
  kTuple,
  kList,
  kDict,
  kReconstruct,
  kNdarrayType,
  kDtypeType,
  kEncode,
  kArray,
  kDtype
};

using Handle = std::uint32_t;

struct Node {
  Kind kind = Kind::kNone;
  std::int64_t number = 0;    // kBool, kInt
  std::string_view text;      // kBytes, kText
  std::vector<Handle> items;  // kTuple, kList; kDict: key, value, ...; kArray: shape, data
};

/// The pickle machine. Nodes refer to each other by index, so that cycles and depth do no harm.
class Machine {
 public:
  Machine(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  /// Runs to the STOP opcode and returns the one value left.
  Handle run() {
    if (bytes_.size() < 2 || bytes_[0] != '\x80' || bytes_[1] != '\x02')
      user_error(
          "'{}' is no pickle of protocol 2, which is what CIFAR-10's python version is; fetch it "
          "again or use the binary version",
          name_);
    at_ = 2;
    for (std::size_t count = 0; count < kOpcodeLimit; ++count) {
      start_ = at_;
      opcode_ = static_cast<std::uint8_t>(take(1)[0]);
      if (opcode_ == '.') return stop();
      step();
    }
    fail("the file has too many opcodes for a batch of CIFAR-10");
  }

  const Node& node(Handle handle) const { return nodes_[handle]; }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    user_error(
        "'{}': {} at opcode {:#04x}, offset {}; only what CIFAR-10's batches contain is read, "
        "fetch the file again or use the binary version",
        name_, what, opcode_, start_);
  }

  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) fail("the file ends inside a value");
    const std::string_view taken = bytes_.substr(at_, count);
    at_ += count;
    return taken;
  }

  std::uint64_t take_number(int bytes) {
    std::uint64_t value = 0;
    const std::string_view raw = take(static_cast<std::uint64_t>(bytes));
    for (int i = bytes - 1; i >= 0; --i)
      value = value << 8 | static_cast<std::uint8_t>(raw[static_cast<std::size_t>(i)]);
    return value;
  }

  std::string_view take_line() {
    const std::size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("the file ends inside a name");
    const std::string_view line = bytes_.substr(at_, end - at_);
    at_ = end + 1;
    return line;
  }

  void push(Node node) {
    stack_.push_back(static_cast<Handle>(nodes_.size()));
    nodes_.push_back(std::move(node));
  }

  void push_number(Kind kind, std::int64_t number) { push({kind, number, {}, {}}); }
  void push_text(Kind kind, std::string_view text) { push({kind, 0, text, {}}); }

  /// How many values lie above the last mark.
  std::size_t above_mark() const { return stack_.size() - (marks_.empty() ? 0 : marks_.back()); }

  Handle pop() {
    if (above_mark() == 0) fail("the stack is empty");
    const Handle top = stack_.back();
    stack_.pop_back();
    return top;
  }

  Handle top(Kind kind) const {
    if (above_mark() == 0 || node(stack_.back()).kind != kind) fail("a value of the wrong kind");
    return stack_.back();
  }

  std::vector<Handle> pop_last(std::size_t count) {
    if (above_mark() < count) fail("the stack is empty");
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<Handle> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    return items;
  }

  std::vector<Handle> pop_to_mark() {
    if (marks_.empty()) fail("there is no mark");
    std::vector<Handle> items = pop_last(above_mark());
    marks_.pop_back();
    return items;
  }

  void step();
  void step_container();
  void step_memo();
  void extend(Kind kind, const std::vector<Handle>& items);
  void push_long();
  void push_global();
  void reduce();
  void build();
  void encode(const std::vector<Handle>& arguments);
  Handle stop();

  bool is_number(Handle handle, std::int64_t number) const {
    const Node& n = node(handle);
    return (n.kind == Kind::kInt || n.kind == Kind::kBool) && n.number == number;
  }
  bool is_text(Handle handle, std::string_view text) const {
    const Node& n = node(handle);
    return (n.kind == Kind::kBytes || n.kind == Kind::kText) && n.text == text;
  }
  bool is_array_start(const std::vector<Handle>& arguments) const;
  bool is_dtype_start(const std::vector<Handle>& arguments) const;

  std::string_view bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;
  int opcode_ = 0;
  std::vector<Node> nodes_;
  std::vector<Handle> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, Handle> memo_;
  std::deque<std::string> encoded_;  // what _codecs.encode gave; nodes view into it
  std::size_t encoded_bytes_ = 0;
};

void Machine::step() {
  switch (opcode_) {
    case 'K':
      return push_number(Kind::kInt, static_cast<std::int64_t>(take_number(1)));
    case 'M':
      return push_number(Kind::kInt, static_cast<std::int64_t>(take_number(2)));
    case 'J':
      return push_number(Kind::kInt, static_cast<std::int32_t>(take_number(4)));
    case 0x8a:
      return push_long();
    case 'U':
      return push_text(Kind::kBytes, take(take_number(1)));
    case 'T':
      return push_text(Kind::kBytes, take(take_number(4)));
    case 'X':
      return push_text(Kind::kText, take(take_number(4)));
    case 'N':
      return push({});
    case 0x88:
      return push_number(Kind::kBool, 1);
    case 0x89:
      return push_number(Kind::kBool, 0);
    case 'c':
      return push_global();
    case 'R':
      return reduce();
    case 'b':
      return build();
    case 'q':
    case 'r':
    case 'h':
    case 'j':
      return step_memo();
    default:
      return step_container();
  }
}

void Machine::step_container() {
  switch (opcode_) {
    case '}':
      return push({Kind::kDict, 0, {}, {}});
    case ']':
      return push({Kind::kList, 0, {}, {}});
    case ')':
      return push({Kind::kTuple, 0, {}, {}});
    case 0x85:
      return push({Kind::kTuple, 0, {}, pop_last(1)});
    case 0x86:
      return push({Kind::kTuple, 0, {}, pop_last(2)});
    case 0x87:
      return push({Kind::kTuple, 0, {}, pop_last(3)});
    case 't':
      return push({Kind::kTuple, 0, {}, pop_to_mark()});
    case '(':
      return marks_.push_back(stack_.size());
    case 'a':
      return extend(Kind::kList, pop_last(1));
    case 'e':
      return extend(Kind::kList, pop_to_mark());
    case 's':
      return extend(Kind::kDict, pop_last(2));
    case 'u':
      return extend(Kind::kDict, pop_to_mark());
    default:
      fail("an operation that these files do not contain");
  }
}

void Machine::step_memo() {
  const bool is_long = opcode_ == 'r' || opcode_ == 'j';
  const std::uint64_t key = take_number(is_long ? 4 : 1);
  if (opcode_ == 'q' || opcode_ == 'r') {
    if (above_mark() == 0) fail("the stack is empty");
    memo_[key] = stack_.back();
    return;
  }
  const auto found = memo_.find(key);
  if (found == memo_.end()) fail("a reference to a value that was never stored");
  stack_.push_back(found->second);
}

void Machine::extend(Kind kind, const std::vector<Handle>& items) {
  if (kind == Kind::kDict && items.size() % 2 != 0) fail("a key without a value");
  std::vector<Handle>& all = nodes_[top(kind)].items;
  all.insert(all.end(), items.begin(), items.end());
}

void Machine::push_long() {
  const std::uint64_t size = take_number(1);
  if (size > 8) fail("an integer of more than 64 bits");
  std::uint64_t value = take_number(static_cast<int>(size));
  if (size > 0 && size < 8 && (value >> (8 * size - 1)) != 0)
    value |= ~std::uint64_t{0} << 8 * size;
  push_number(Kind::kInt, static_cast<std::int64_t>(value));
}

void Machine::push_global() {
  const std::string module(take_line());
  const std::string full = module + "." + std::string(take_line());
  if (full == "numpy.core.multiarray._reconstruct" || full == "numpy._core.multiarray._reconstruct")
    return push({Kind::kReconstruct, 0, {}, {}});
  if (full == "numpy.ndarray") return push({Kind::kNdarrayType, 0, {}, {}});
  if (full == "numpy.dtype") return push({Kind::kDtypeType, 0, {}, {}});
  if (full == "_codecs.encode") return push({Kind::kEncode, 0, {}, {}});
  fail(fmt::format("the global '{}'", printable(full)));
}

bool Machine::is_array_start(const std::vector<Handle>& arguments) const {
  if (arguments.size() != 3 || node(arguments[0]).kind != Kind::kNdarrayType) return false;
  const Node& shape = node(arguments[1]);
  return shape.kind == Kind::kTuple && shape.items.size() == 1 && is_number(shape.items[0], 0) &&
         is_text(arguments[2], "b");
}

bool Machine::is_dtype_start(const std::vector<Handle>& arguments) const {
  return arguments.size() == 3 && is_text(arguments[0], "u1") && is_number(arguments[1], 0) &&
         is_number(arguments[2], 1);
}

void Machine::reduce() {
  const Handle arguments = top(Kind::kTuple);
  const std::vector<Handle> items = node(arguments).items;
  pop();
  const Kind function = node(pop()).kind;
  if (function == Kind::kReconstruct && is_array_start(items))
    return push({Kind::kArray, 0, {}, {}});
  if (function == Kind::kDtypeType && is_dtype_start(items)) return push({Kind::kDtype, 0, {}, {}});
  if (function == Kind::kEncode) return encode(items);
  fail("a call that is not one of a uint8 array");
}

/// Python 3 writes bytes at protocol 2 as the call _codecs.encode(text, 'latin1').
void Machine::encode(const std::vector<Handle>& arguments) {
  if (arguments.size() != 2 || node(arguments[0]).kind != Kind::kText ||
      !is_text(arguments[1], "latin1"))
    fail("a call of _codecs.encode that does not make bytes");
  const std::string_view text = node(arguments[0]).text;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<std::uint8_t>(text[i]);
    if (lead < 0x80) {
      out += text[i];
      continue;
    }
    const auto next = i + 1 < text.size() ? static_cast<std::uint8_t>(text[i + 1]) : 0;
    if ((lead != 0xc2 && lead != 0xc3) || (next & 0xc0) != 0x80) fail("text that is not latin1");
    out += static_cast<char>((lead & 0x03) << 6 | (next & 0x3f));
    ++i;
  }
  // One text can be encoded many times; genuine files never make more bytes than they have.
  encoded_bytes_ += out.size();
  if (encoded_bytes_ > bytes_.size()) fail("more bytes than the file holds");
  encoded_.push_back(std::move(out));
  push_text(Kind::kBytes, encoded_.back());
}

void Machine::build() {
  const Handle state = top(Kind::kTuple);
  const std::vector<Handle> items = node(state).items;
  pop();
  if (above_mark() == 0) fail("the stack is empty");
  Node& target = nodes_[stack_.back()];
  if (target.kind == Kind::kDtype) {
    // (version, byte order, ...): one-byte elements have byte order '|'.
    if (items.size() < 2 || !is_number(items[0], 3) || !is_text(items[1], "|"))
      fail("an array type that is not uint8");
    return;
  }
  if (target.kind != Kind::kArray) fail("a state for a value that has none");
  // (version, shape, dtype, is Fortran order, data)
  if (items.size() != 5 || !is_number(items[0], 1) || node(items[1]).kind != Kind::kTuple ||
      node(items[2]).kind != Kind::kDtype || !is_number(items[3], 0) ||
      node(items[4]).kind != Kind::kBytes)
    fail("an array that is not of uint8 in C order");
  target.items = {items[1], items[4]};
}

Handle Machine::stop() {
  if (stack_.size() != 1 || !marks_.empty()) fail("values are left on the stack");
  if (at_ != bytes_.size()) fail("bytes follow the end of the pickle");
  return stack_[0];
}

/// The value of a key that must occur once.
Handle find_key(const Machine& machine, const Node& dict, std::string_view key,
                const std::string& name) {
  std::vector<Handle> found;
  for (std::size_t i = 0; i < dict.items.size(); i += 2) {
    const Node& k = machine.node(dict.items[i]);
    if ((k.kind == Kind::kBytes || k.kind == Kind::kText) && k.text == key)
      found.push_back(dict.items[i + 1]);
  }
  if (found.size() != 1)
    user_error("'{}' has the key '{}' {} times, a batch of CIFAR-10 has it once; fetch it again",
               name, key, found.size());
  return found[0];
}

std::vector<std::uint8_t> read_labels(const Machine& machine, const Node& list,
                                      const std::string& name) {
  if (list.kind != Kind::kList) user_error("'{}': 'labels' is no list; fetch it again", name);
  std::vector<std::uint8_t> labels;
  for (const Handle item : list.items) {
    const Node& label = machine.node(item);
    if (label.kind != Kind::kInt || label.number < 0 || label.number > 9)
      user_error("'{}': label {} is no integer from 0 to 9: the file is damaged, fetch it again",
                 name, labels.size());
    labels.push_back(static_cast<std::uint8_t>(label.number));
  }
  return labels;
}

std::string_view read_pixels(const Machine& machine, const Node& array, std::size_t count,
                             const std::string& name) {
  constexpr std::size_t kImageBytes = std::size_t{3} * 32 * 32;
  if (array.kind != Kind::kArray || array.items.size() != 2)
    user_error("'{}': 'data' is no array; fetch it again", name);
  const Node& shape = machine.node(array.items[0]);
  const std::string_view data = machine.node(array.items[1]).text;
  const auto extent = [&](std::size_t axis) { return machine.node(shape.items[axis]).number; };
  if (shape.items.size() != 2 || extent(1) != static_cast<std::int64_t>(kImageBytes) ||
      extent(0) != static_cast<std::int64_t>(count) || data.size() != count * kImageBytes)
    user_error(
        "'{}': 'data' must be {} images of {} bytes, one per label; it has {} bytes; fetch "
        "it again",
        name, count, kImageBytes, data.size());
  return data;
}

}  // namespace

CifarBatch parse_cifar_batch(std::string_view bytes, const std::string& name) {
  Machine machine(bytes, name);
  const Node& dict = machine.node(machine.run());
  if (dict.kind != Kind::kDict)
    user_error("'{}' holds no dict, so it is no batch of CIFAR-10; fetch it again", name);
  for (std::size_t i = 0; i < dict.items.size(); i += 2) {
    const std::string_view key = machine.node(dict.items[i]).text;
    if (key != "data" && key != "labels" && key != "batch_label" && key != "filenames")
      user_error("'{}' has the key '{}', which a batch of CIFAR-10 has not (CIFAR-100 is not read)",
                 name, printable(key));
  }
  CifarBatch batch;
  batch.labels = read_labels(machine, machine.node(find_key(machine, dict, "labels", name)), name);
  const std::string_view pixels = read_pixels(
      machine, machine.node(find_key(machine, dict, "data", name)), batch.labels.size(), name);
  batch.pixels.assign(pixels.begin(), pixels.end());
  return batch;
}

}  // namespace assay
