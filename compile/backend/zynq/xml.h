// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::zynq {

/// An element of an XML file: its name with its prefix, attributes, text without what is around it.
struct XmlElement {
  std::string name;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::string text;
  std::vector<XmlElement> children;

  /// The first one; an empty element where there is none.
  const XmlElement& child(std::string_view called) const;
  std::vector<const XmlElement*> all(std::string_view called) const;
  std::string attribute(std::string_view called) const;  ///< empty where there is none
};

/// The root of a file without comments, CDATA and document types. UserError for what is not well formed:
/// the line, and what is wrong there.
XmlElement parse_xml(std::string_view text);

}  // namespace assay::zynq
