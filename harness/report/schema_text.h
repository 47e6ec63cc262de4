// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace assay {

/// The schemas of all reports as one JSON document: {"definitions": {...}, "reports": {name:
/// schema}}.
extern const char* const kSchemaText;

}  // namespace assay
