// SPDX-License-Identifier: Apache-2.0
#include "compile/backend/zynq/xml.h"

#include <algorithm>

#include "compile/base/error.h"
#include "compile/base/printable.h"

namespace assay::zynq {
namespace {

constexpr int kDeepest = 100;
constexpr std::pair<std::string_view, char> kEntities[] = {
    {"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

bool is_xml_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
         c == '_' || c == '-' || c == '.';
}

class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : text_(text) {}

  XmlElement root() {
    if (take("<?xml")) {
      const std::size_t end = text_.find("?>", at_);
      if (end == std::string_view::npos) fail("the declaration has no end");
      at_ = end + 2;
    }
    skip_space();
    XmlElement root = element(0);
    skip_space();
    if (at_ != text_.size()) fail("there is something behind the root");
    return root;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    user_error(
        "XML, line {}: {}",
        1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'),
        what);
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void require(std::string_view word) {
    if (!take(word)) fail(fmt::format("'{}' is missing", word));
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::string word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_xml_name_char(text_[at_])) ++at_;
    if (from == at_) fail("there is no name where one belongs");
    return std::string(text_.substr(from, at_ - from));
  }

  /// Up to `end`, which stays.
  std::string characters(char end) {
    std::string result;
    while (at_ < text_.size() && text_[at_] != end) {
      if (text_[at_] == '<') fail("'<' stands where text belongs");
      result += text_[at_] == '&' ? entity() : text_[at_++];
    }
    return result;
  }

  char entity() {
    for (const auto& [name, character] : kEntities)
      if (take(name)) return character;
    fail("'&' begins no entity");
  }

  XmlElement element(int depth) {
    if (depth > kDeepest) fail("the elements are too deep");
    require("<");
    XmlElement result;
    result.name = word();
    while (is_space(peek())) {
      skip_space();
      if (peek() == '/' || peek() == '>') break;
      attribute(result);
    }
    if (take("/>")) return result;
    require(">");
    content(result, depth);
    require("</");
    if (const std::string end = word(); end != result.name)
      fail(fmt::format("'{}' ends what '{}' began", end, result.name));
    skip_space();
    require(">");
    return result;
  }

  void attribute(XmlElement& element) {
    std::string name = word();
    require("=\"");
    std::string value = characters('"');
    require("\"");
    if (std::ranges::find(element.attributes, name, [](const auto& a) { return a.first; }) !=
        element.attributes.end())
      fail(fmt::format("the attribute '{}' is there twice", name));
    element.attributes.emplace_back(std::move(name), std::move(value));
  }

  void content(XmlElement& element, int depth) {
    while (!text_.substr(at_).starts_with("</")) {
      if (at_ >= text_.size()) fail(fmt::format("'{}' has no end", element.name));
      if (peek() == '<')
        element.children.push_back(this->element(depth + 1));
      else
        element.text += characters('<');
    }
    const auto first = std::ranges::find_if_not(element.text, is_space);
    const auto last = std::find_if_not(element.text.rbegin(), element.text.rend(), is_space);
    element.text = first == element.text.end() ? "" : std::string(first, last.base());
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

const XmlElement& XmlElement::child(std::string_view called) const {
  static const XmlElement kNone;
  const auto it = std::ranges::find(children, called, &XmlElement::name);
  return it == children.end() ? kNone : *it;
}

std::vector<const XmlElement*> XmlElement::all(std::string_view called) const {
  std::vector<const XmlElement*> found;
  for (const XmlElement& one : children)
    if (one.name == called) found.push_back(&one);
  return found;
}

std::string XmlElement::attribute(std::string_view called) const {
  for (const auto& [key, value] : attributes)
    if (key == called) return value;
  return "";
}

XmlElement parse_xml(std::string_view text) { return XmlReader(text).root(); }

}  // namespace assay::zynq
