// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// A model's names may hold anything. Each of these makes a text of one that means that very name, other
/// bytes than printable ASCII as printable() writes them.
namespace assay::zynq {

/// One word of Tcl.
std::string tcl_word(std::string_view text);
/// For the text of an element and for an attribute in double quotes.
std::string xml_text(std::string_view text);
/// In a comment of C between /* and */.
std::string c_comment(std::string_view text);

}  // namespace assay::zynq
