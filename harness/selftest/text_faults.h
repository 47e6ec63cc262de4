// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "harness/selftest/draw.h"

/// Faults in files that are no networks.
namespace assay {

/// One bit of one byte; early bytes are as likely as all later ones together.
std::optional<Edit> flip_bit(const std::string& bytes, Draw& draw);
std::optional<Edit> cut_off(const std::string& bytes, Draw& draw);
/// One claim of a report: a number, a verdict, a digest, another text, a truth, an entry of a list.
/// Claims of each name are equally likely, however often it occurs. The report keeps its schema
/// wherever the claim lets it.
std::optional<Edit> change_claim(const std::string& bytes, Draw& draw);
/// The same of what a stage's report says of its comparison.
std::optional<Edit> change_check(const std::string& bytes, Draw& draw);
/// One operator or constant of a (System)Verilog source.
std::optional<Edit> change_source(const std::string& bytes, Draw& draw);
/// One bit of one digit of a memory file.
std::optional<Edit> change_memory(const std::string& bytes, Draw& draw);
/// One number of a text.
std::optional<Edit> change_number(const std::string& bytes, Draw& draw);
/// Nothing of what it was, and it says that all is well.
std::optional<Edit> always_succeed(const std::string& bytes, Draw& draw);

}  // namespace assay
