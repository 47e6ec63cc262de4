// SPDX-License-Identifier: Apache-2.0
#include "harness/report/schema_text.h"

namespace assay {

const char* const kSchemaText = R"json({
"definitions": {
  "count": {"type": "integer", "minimum": 0},
  "counts": {"type": "array", "items": {"$ref": "count"}},
  "names": {"type": "array", "items": {"type": "string"}},
  "verdict": {"type": "string", "enum": ["EQUIVALENT", "DIFFERENT", "INCONCLUSIVE"]},
  "place": {"type": ["integer", "null"], "minimum": 0},
  "resources": {
    "type": "object", "required": ["lut", "ff", "bram", "dsp"], "additionalProperties": false,
    "properties": {
      "lut": {"$ref": "count"}, "ff": {"$ref": "count"}, "bram": {"$ref": "count"}, "dsp": {"$ref": "count"}
    }
  },
  "part": {
    "type": "object", "required": ["name", "family", "block_ram_bits", "has"], "additionalProperties": false,
    "properties": {
      "name": {"type": "string"}, "family": {"type": "string"}, "block_ram_bits": {"$ref": "count"},
      "has": {"$ref": "resources"}
    }
  },
  "throughput": {
    "type": ["object", "null"], "required": ["interval", "frames_per_second", "first_frame_latency", "cycles"],
    "additionalProperties": false,
    "properties": {
      "interval": {"$ref": "place"}, "frames_per_second": {"type": ["number", "null"]},
      "first_frame_latency": {"$ref": "place"}, "cycles": {"$ref": "place"}
    }
  },
  "standing": {
    "type": "string",
    "enum": ["equal", "improved", "regressed", "no baseline", "other setup", "failed"]
  },
  "difference": {
    "type": ["object", "null"],
    "required": ["checkpoint", "node", "image", "element", "channel", "row", "column", "expected", "got"],
    "additionalProperties": false,
    "properties": {
      "checkpoint": {"type": "string"}, "node": {"type": "string"},
      "image": {"$ref": "count"}, "element": {"$ref": "count"},
      "channel": {"$ref": "place"}, "row": {"$ref": "place"}, "column": {"$ref": "place"},
      "expected": {"type": "string"}, "got": {"type": "string"}
    }
  },
  "canaries": {
    "type": "object", "required": ["planted", "caught"], "additionalProperties": false,
    "properties": {"planted": {"$ref": "count"}, "caught": {"$ref": "count"}}
  },
  "checkpoint": {
    "type": "object",
    "required": ["name", "kind", "dtype", "shape", "node", "compared_as", "predicted", "compared", "differing",
                 "first_difference"],
    "additionalProperties": false,
    "properties": {
      "name": {"type": "string"},
      "kind": {"type": "string", "enum": ["input", "activation", "logits", "label"]},
      "dtype": {"type": "string"}, "shape": {"$ref": "counts"}, "node": {"type": "string"},
      "compared_as": {"type": "string", "enum": ["integers", "reals", "rank of the logits", "missing"]},
      "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
      "first_difference": {"$ref": "difference"}
    }
  },
  "checkpoints": {"type": "array", "items": {"$ref": "checkpoint"}},
  "assay": {
    "type": "object", "required": ["version", "sha256"], "additionalProperties": false,
    "properties": {"version": {"type": "string"}, "sha256": {"type": "string"}}
  },
  "model": {
    "type": "object", "required": ["sha256", "graph_sha256"], "additionalProperties": false,
    "properties": {"sha256": {"type": "string"}, "graph_sha256": {"type": "string"}}
  },
  "data": {
    "type": "object", "required": ["name", "sha256", "first", "images", "synthetic", "labels"],
    "additionalProperties": false,
    "properties": {
      "name": {"type": "string"}, "sha256": {"type": "string"},
      "first": {"$ref": "count"}, "images": {"type": "integer", "minimum": 1},
      "synthetic": {"type": "boolean"}, "labels": {"type": "boolean"}
    }
  },
  "preprocess": {
    "type": "object", "required": ["kind"], "additionalProperties": false,
    "properties": {
      "kind": {"type": "string", "enum": ["totensor", "normalize", "none", "file"]},
      "mean": {"$ref": "names"},
      "std": {"$ref": "names"},
      "graph_sha256": {"type": "string"}
    }
  },
  "inputs": {
    "type": "object", "required": ["assay", "model", "data", "preprocess", "topk"], "additionalProperties": false,
    "properties": {
      "assay": {"$ref": "assay"}, "model": {"$ref": "model"}, "data": {"$ref": "data"},
      "preprocess": {"$ref": "preprocess"}, "topk": {"type": "integer", "minimum": 1},
      "recorded": {"$ref": "recorded_files"},
      "options": {"$ref": "options"}, "previous_sha256": {"type": "string"}, "reference_sha256": {"type": "string"}
    }
  },
  "accuracy": {
    "type": ["object", "null"],
    "required": ["predicted", "compared", "k", "top1_correct", "top_k_correct", "top1", "top_k", "mean_loss"],
    "additionalProperties": false,
    "properties": {
      "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "k": {"type": "integer", "minimum": 1},
      "top1_correct": {"$ref": "count"}, "top_k_correct": {"$ref": "count"},
      "top1": {"type": "number", "minimum": 0}, "top_k": {"type": "number", "minimum": 0},
      "mean_loss": {"type": ["number", "null"]},
      "classes": {"type": "array", "items": {
        "type": "object", "required": ["label", "name", "images", "correct", "accuracy"],
        "additionalProperties": false,
        "properties": {
          "label": {"$ref": "count"}, "name": {"type": ["string", "null"]}, "images": {"$ref": "count"},
          "correct": {"$ref": "count"}, "accuracy": {"type": ["number", "null"]}
        }
      }},
      "confusion": {"type": "array", "items": {"$ref": "counts"}},
      "misclassified": {"type": "array", "items": {
        "type": "object", "required": ["image", "label", "predicted"], "additionalProperties": false,
        "properties": {
          "image": {"$ref": "count"}, "label": {"$ref": "count"}, "predicted": {"$ref": "count"}
        }
      }}
    }
  },
  "both_accuracies": {
    "type": "object", "required": ["exact", "float"], "additionalProperties": false,
    "properties": {"exact": {"$ref": "accuracy"}, "float": {"$ref": "accuracy"}}
  },
  "changed_labels": {"type": "array", "items": {
    "type": "object", "required": ["image", "exact", "float"], "additionalProperties": false,
    "properties": {"image": {"$ref": "count"}, "exact": {"$ref": "count"}, "float": {"$ref": "count"}}
  }},
  "recorded_files": {"type": "array", "items": {"$ref": "compared_file"}},
  "recorded": {
    "type": ["object", "null"],
    "required": ["verdict", "reason", "files", "images", "predicted", "compared", "differing", "decisions_differing",
                 "decisions_explained", "canaries", "checkpoints", "not_recorded", "unexplained", "logits",
                 "labels_compared", "labels_changed", "labels_unexplained", "changed_labels", "accuracy"],
    "additionalProperties": false,
    "properties": {
      "verdict": {"$ref": "verdict"}, "reason": {"type": "string"}, "files": {"$ref": "recorded_files"},
      "images": {"$ref": "count"}, "predicted": {"$ref": "count"}, "compared": {"$ref": "count"},
      "differing": {"$ref": "count"}, "decisions_differing": {"$ref": "count"},
      "decisions_explained": {"$ref": "count"}, "canaries": {"$ref": "canaries"}, "not_recorded": {"$ref": "names"},
      "checkpoints": {"type": "array", "items": {
        "type": "object",
        "required": ["name", "file", "recorded_as", "images", "predicted", "compared", "differing", "images_differing",
                     "decisions_differing", "decisions_explained"],
        "additionalProperties": false,
        "properties": {
          "name": {"type": "string"}, "file": {"$ref": "text_or_null"}, "recorded_as": {"$ref": "text_or_null"},
          "images": {"$ref": "count"}, "predicted": {"$ref": "count"}, "compared": {"$ref": "count"},
          "differing": {"$ref": "count"}, "images_differing": {"$ref": "count"},
          "decisions_differing": {"$ref": "count"}, "decisions_explained": {"$ref": "count"}
        }
      }},
      "unexplained": {"type": "array", "items": {
        "type": "object",
        "required": ["checkpoint", "node", "image", "element", "channel", "row", "column", "expected", "got", "value",
                     "slack"],
        "additionalProperties": false,
        "properties": {
          "checkpoint": {"type": "string"}, "node": {"type": "string"},
          "image": {"$ref": "count"}, "element": {"$ref": "count"},
          "channel": {"$ref": "place"}, "row": {"$ref": "place"}, "column": {"$ref": "place"},
          "expected": {"type": "string"}, "got": {"type": "string"},
          "value": {"type": ["number", "null"]}, "slack": {"type": ["number", "null"]}
        }
      }},
      "logits": {
        "type": ["object", "null"],
        "required": ["file", "images", "compared", "unexplained", "undecided", "largest_error",
                     "largest_bound", "first_unexplained"],
        "additionalProperties": false,
        "properties": {
          "file": {"type": "string"}, "images": {"$ref": "count"}, "compared": {"$ref": "count"},
          "unexplained": {"$ref": "count"}, "undecided": {"$ref": "counts"}, "largest_error": {"type": "number"},
          "largest_bound": {"type": ["number", "null"]},
          "first_unexplained": {
            "type": ["object", "null"], "required": ["image", "element", "exact", "got", "bound"],
            "additionalProperties": false,
            "properties": {
              "image": {"$ref": "count"}, "element": {"$ref": "count"}, "exact": {"type": "number"},
              "got": {"type": "number"}, "bound": {"type": ["number", "null"]}
            }
          }
        }
      },
      "labels_compared": {"$ref": "count"}, "labels_changed": {"$ref": "count"},
      "labels_unexplained": {"$ref": "count"}, "changed_labels": {"$ref": "changed_labels"},
      "accuracy": {"$ref": "accuracy"}
    }
  },
  "float_reference": {
    "type": ["object", "null"],
    "required": ["verdict", "reason", "compared", "differing", "decisions_differing", "decisions_explained",
                 "unexplained", "labels_compared", "labels_changed", "labels_unexplained", "changed_labels",
                 "largest_logit_error", "checkpoints"],
    "additionalProperties": false,
    "properties": {
      "verdict": {"$ref": "verdict"}, "reason": {"type": "string"},
      "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
      "decisions_differing": {"$ref": "count"}, "decisions_explained": {"$ref": "count"},
      "unexplained": {"type": "array", "items": {
        "type": "object", "required": ["image", "checkpoint", "element", "exact", "float", "value", "slack"],
        "additionalProperties": false,
        "properties": {
          "image": {"$ref": "count"}, "checkpoint": {"type": "string"}, "element": {"$ref": "count"},
          "exact": {"type": "integer"}, "float": {"type": "integer"}, "value": {"type": ["number", "null"]},
          "slack": {"type": ["number", "null"]}
        }
      }},
      "labels_compared": {"$ref": "count"}, "labels_changed": {"$ref": "count"},
      "labels_unexplained": {"$ref": "count"},
      "changed_labels": {"$ref": "changed_labels"},
      "largest_logit_error": {"type": ["number", "null"]},
      "checkpoints": {"type": "array", "items": {
        "type": "object", "required": ["name", "compared", "differing", "images"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
          "images": {"$ref": "count"}
        }
      }}
    }
  },
  "quantisers": {"type": "array", "items": {
    "type": "object",
    "required": ["node", "result", "checkpoint", "form", "channels", "steps", "min", "max", "bits",
                 "constant_channels", "unreachable", "margin", "ties", "fraction_bits", "pairs", "inseparable",
                 "folded"],
    "additionalProperties": false,
    "properties": {
      "node": {"type": "string"}, "result": {"type": "string"}, "checkpoint": {"type": "string"},
      "form": {"type": "string", "enum": ["plain", "position", "table", "line"]},
      "channels": {"$ref": "count"}, "steps": {"$ref": "count"},
      "min": {"type": "integer"}, "max": {"type": "integer"}, "bits": {"$ref": "count"},
      "constant_channels": {"$ref": "count"}, "unreachable": {"$ref": "count"},
      "margin": {"type": ["number", "null"], "minimum": 0}, "ties": {"$ref": "count"},
      "fraction_bits": {"$ref": "count"}, "pairs": {"$ref": "count"}, "inseparable": {"$ref": "count"},
      "folded": {"$ref": "names"}, "stage": {"type": "string"}
    }
  }},
  "widths": {"type": "array", "items": {
    "type": "object",
    "required": ["node", "weights", "input", "accumulator", "min", "max", "weights_before", "accumulator_before"],
    "additionalProperties": false,
    "properties": {
      "node": {"type": "string"}, "weights": {"type": "string"}, "input": {"type": "string"},
      "accumulator": {"type": "string"}, "min": {"type": "integer"}, "max": {"type": "integer"},
      "weights_before": {"type": "string"}, "accumulator_before": {"type": "string"},
      "stage": {"type": "string"}
    }
  }},
  "units": {"type": "array", "items": {
    "type": "object",
    "required": ["node", "scales", "multiplier_bits", "weight_bits", "weight_bits_before", "accumulator_bits",
                 "taken"],
    "additionalProperties": false,
    "properties": {
      "node": {"type": "string"}, "scales": {"$ref": "count"}, "multiplier_bits": {"$ref": "count"},
      "weight_bits": {"$ref": "count"}, "weight_bits_before": {"$ref": "count"},
      "accumulator_bits": {"$ref": "count"}, "taken": {"type": "boolean"}, "stage": {"type": "string"}
    }
  }},
  "remarks": {"type": "array", "items": {
    "type": "object", "required": ["node", "text"], "additionalProperties": false,
    "properties": {"node": {"type": "string"}, "text": {"type": "string"}, "stage": {"type": "string"}}
  }},
  "streamline": {
    "type": ["object", "null"], "required": ["quantisers", "widths", "units", "remarks"],
    "additionalProperties": false,
    "properties": {
      "quantisers": {"$ref": "quantisers"}, "widths": {"$ref": "widths"}, "units": {"$ref": "units"},
      "remarks": {"$ref": "remarks"}
    }
  },
  "effect": {
    "type": ["object", "null"],
    "required": ["activations", "changed", "labels", "labels_changed", "accuracy_before", "accuracy_after"],
    "additionalProperties": false,
    "properties": {
      "activations": {"$ref": "count"}, "changed": {"$ref": "count"}, "labels": {"$ref": "count"},
      "labels_changed": {"$ref": "count"}, "accuracy_before": {"$ref": "accuracy"},
      "accuracy_after": {"$ref": "accuracy"}
    }
  },
  "integers": {"type": "array", "items": {"type": "integer"}},
  "options": {"type": "object", "additionalProperties": {"type": ["integer", "string"]}},
  "stage_verdict": {"type": "string", "enum": ["EQUIVALENT", "APPROXIMATE", "DIFFERENT", "INCONCLUSIVE"]},
  "text_or_null": {"type": ["string", "null"]},
  "compared_file": {
    "type": "object", "required": ["file", "sha256"], "additionalProperties": false,
    "properties": {"file": {"type": "string"}, "sha256": {"type": "string"}}
  },
  "tensors": {"type": "array", "items": {
    "type": "object", "required": ["name", "shape", "dtype", "layout"], "additionalProperties": false,
    "properties": {
      "name": {"type": "string"}, "shape": {"type": ["array", "null"], "items": {"$ref": "count"}},
      "dtype": {"type": "string"}, "layout": {"type": "string"}
    }
  }},
  "reals": {
    "type": "object", "required": ["shape", "exact", "value"], "additionalProperties": false,
    "properties": {
      "shape": {"$ref": "counts"}, "exact": {"$ref": "names"},
      "value": {"type": "array", "items": {"type": "number"}}
    }
  }
},
"reports": {
  "assay.stage/1": {
    "type": "object",
    "required": ["schema", "stage", "file", "sha256", "contract", "passes", "inputs", "verdict", "reason", "images",
                 "predicted", "compared", "differing", "canaries", "checkpoints", "unexpected", "first_difference",
                 "accuracy", "float_reference", "recorded", "reference", "effect", "streamline"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "stage": {"type": "string"}, "file": {"type": "string"},
      "sha256": {"type": "string"}, "contract": {"type": "string", "enum": ["exact", "approximate"]},
      "passes": {"$ref": "names"}, "inputs": {"$ref": "inputs"},
      "reference": {"type": "string"}, "effect": {"$ref": "effect"}, "streamline": {"$ref": "streamline"},
      "verdict": {"$ref": "stage_verdict"}, "reason": {"type": "string"}, "images": {"$ref": "count"},
      "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
      "canaries": {"$ref": "canaries"}, "checkpoints": {"$ref": "checkpoints"}, "unexpected": {"$ref": "names"},
      "first_difference": {"$ref": "difference"}, "accuracy": {"$ref": "both_accuracies"},
      "float_reference": {"$ref": "float_reference"}, "recorded": {"$ref": "recorded"}
    }
  },
  "assay.run/1": {
    "type": "object",
    "required": ["schema", "verdict", "reason", "model", "data", "images", "preprocess", "until", "inputs",
                 "accuracy_means_nothing", "approximate", "notes", "recorded", "stages"],
    "additionalProperties": false,
    "properties": {
      "approximate": {"$ref": "names"}, "notes": {"$ref": "names"}, "recorded": {"$ref": "recorded"},
      "schema": {"type": "string"}, "verdict": {"$ref": "verdict"}, "reason": {"type": "string"},
      "model": {"type": "string"}, "data": {"$ref": "text_or_null"}, "images": {"$ref": "text_or_null"},
      "preprocess": {"type": "string"}, "until": {"$ref": "text_or_null"}, "inputs": {"$ref": "inputs"},
      "accuracy_means_nothing": {"type": "boolean"}, "rtl_top": {"type": "object"},
      "stages": {"type": "array", "items": {
        "type": "object",
        "required": ["stage", "file", "sha256", "contract", "verdict", "reason", "images", "predicted", "compared",
                     "differing", "canaries", "first_difference", "accuracy", "reference", "effect", "checkpoints"],
        "additionalProperties": false,
        "properties": {
          "stage": {"type": "string"}, "file": {"type": "string"}, "sha256": {"type": "string"},
          "contract": {"type": "string"}, "verdict": {"$ref": "stage_verdict"}, "reason": {"type": "string"},
          "reference": {"type": "string"}, "effect": {"$ref": "effect"},
          "images": {"$ref": "count"}, "predicted": {"$ref": "count"}, "compared": {"$ref": "count"},
          "differing": {"$ref": "count"}, "canaries": {"$ref": "canaries"},
          "first_difference": {"$ref": "difference"}, "accuracy": {"$ref": "both_accuracies"},
          "checkpoints": {"$ref": "count"}
        }
      }}
    }
  },
  "assay.timing/1": {
    "type": "object", "required": ["schema", "stages"], "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"},
      "stages": {"type": "array", "items": {
        "type": "object", "required": ["stage", "resumed", "seconds"], "additionalProperties": false,
        "properties": {
          "stage": {"type": "string"}, "resumed": {"type": "boolean"},
          "seconds": {"type": "number", "minimum": 0}
        }
      }}
    }
  },
  "assay.accuracy/1": {
    "type": "object",
    "required": ["schema", "data", "preprocess", "accuracy_means_nothing", "recorded", "networks"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "data": {"$ref": "data"}, "preprocess": {"$ref": "preprocess"},
      "accuracy_means_nothing": {"type": "boolean"}, "recorded": {"$ref": "recorded"},
      "networks": {"type": "array", "items": {
        "type": "object", "required": ["network", "sha256", "exact", "float", "labels_changed"],
        "additionalProperties": false,
        "properties": {
          "network": {"type": "string"}, "sha256": {"type": "string"},
          "exact": {"$ref": "accuracy"}, "float": {"$ref": "accuracy"},
          "labels_changed": {"type": ["integer", "null"], "minimum": 0}
        }
      }}
    }
  },
  "assay.compare/1": {
    "type": "object",
    "required": ["schema", "a", "data", "preprocess", "recorded", "verdict", "reason"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "a": {"$ref": "compared_file"}, "b": {"$ref": "compared_file"},
      "matched_by": {"type": "string", "enum": ["name", "order"]}, "recorded": {"$ref": "recorded"},
      "data": {"$ref": "data"}, "preprocess": {"$ref": "preprocess"},
      "verdict": {"$ref": "verdict"}, "reason": {"type": "string"}, "images": {"$ref": "count"},
      "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
      "canaries": {"$ref": "canaries"}, "checkpoints": {"$ref": "checkpoints"}, "unexpected": {"$ref": "names"},
      "first_difference": {"$ref": "difference"}
    }
  },
  "assay.bisect/1": {
    "type": "object",
    "required": ["schema", "verdict", "reason", "reference", "data", "first_stage", "first_difference", "drop",
                 "stages"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "verdict": {"$ref": "verdict"}, "reason": {"type": "string"},
      "reference": {"type": "string"}, "data": {"$ref": "data"}, "first_stage": {"$ref": "text_or_null"},
      "first_difference": {"$ref": "difference"},
      "drop": {"type": ["number", "null"], "minimum": 0},
      "stages": {"type": "array", "items": {
        "type": "object",
        "required": ["stage", "reference", "verdict", "reason", "edited", "predicted", "compared", "differing", "canaries",
                     "accuracy"],
        "additionalProperties": false,
        "properties": {
          "stage": {"type": "string"}, "reference": {"type": "string"}, "verdict": {"$ref": "stage_verdict"},
          "reason": {"type": "string"}, "edited": {"type": "boolean"}, "predicted": {"$ref": "count"}, "compared": {"$ref": "count"},
          "differing": {"$ref": "count"}, "canaries": {"$ref": "canaries"}, "accuracy": {"$ref": "accuracy"}
        }
      }}
    }
  },
  "assay.streamline/1": {
    "type": "object", "required": ["schema", "integer", "stages", "quantisers", "widths", "units", "remarks"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "integer": {"type": "boolean"},
      "stages": {"type": "array", "items": {
        "type": "object", "required": ["stage", "contract"], "additionalProperties": false,
        "properties": {"stage": {"type": "string"}, "contract": {"type": "string"}}
      }},
      "quantisers": {"$ref": "quantisers"}, "widths": {"$ref": "widths"}, "units": {"$ref": "units"},
      "remarks": {"$ref": "remarks"}
    }
  },
  "assay.fifos/1": {
    "type": "object", "required": ["schema", "partitions"], "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"},
      "partitions": {"type": "array", "items": {
        "type": "object",
        "required": ["partition", "slowest_layer", "interval", "first_frame_latency", "frames", "fifos"],
        "additionalProperties": false,
        "properties": {
          "partition": {"$ref": "count"}, "slowest_layer": {"$ref": "count"}, "interval": {"$ref": "place"},
          "first_frame_latency": {"$ref": "place"}, "frames": {"$ref": "count"},
          "fifos": {"type": "array", "items": {
            "type": "object", "required": ["name", "depth", "bits", "memory", "high_water", "smaller"],
            "additionalProperties": false,
            "properties": {
              "name": {"type": "string"}, "depth": {"$ref": "count"}, "bits": {"$ref": "count"},
              "memory": {"type": "string"}, "high_water": {"$ref": "count"},
              "smaller": {
                "type": "object", "required": ["depth", "interval"], "additionalProperties": false,
                "properties": {"depth": {"$ref": "count"}, "interval": {"$ref": "place"}}
              }
            }
          }}
        }
      }}
    }
  },
  "assay.folding/1": {
    "type": "object",
    "required": ["schema", "stage", "stage_sha256", "goal", "interval", "reached", "macs", "multipliers", "efficiency",
                 "estimates", "device", "nodes"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "stage": {"type": "string"}, "stage_sha256": {"type": "string"},
      "goal": {
        "type": "object", "required": ["target_cycles", "device", "device_share"], "additionalProperties": false,
        "properties": {
          "target_cycles": {"$ref": "place"}, "device": {"type": ["string", "null"]}, "device_share": {"$ref": "place"}
        }
      },
      "interval": {"$ref": "count"}, "reached": {"type": ["boolean", "null"]}, "macs": {"$ref": "count"},
      "multipliers": {"$ref": "count"}, "efficiency": {"type": "number"},
      "estimates": {"$ref": "resources"}, "device": {"$ref": "part"},
      "nodes": {"type": "array", "items": {
        "type": "object",
        "required": ["node", "operator", "partition", "folding", "ram_style", "mem_mode", "cycles", "reached", "macs",
                     "multipliers", "efficiency", "estimates"],
        "additionalProperties": false,
        "properties": {
          "node": {"type": "string"}, "operator": {"type": "string"}, "partition": {"type": "integer", "minimum": -1},
          "folding": {"type": "object", "additionalProperties": {"$ref": "count"}},
          "ram_style": {"type": "string"}, "mem_mode": {"type": ["string", "null"]},
          "cycles": {"$ref": "count"}, "reached": {"type": ["boolean", "null"]}, "macs": {"$ref": "count"},
          "multipliers": {"$ref": "count"}, "efficiency": {"type": "number"}, "estimates": {"$ref": "resources"}
        }
      }}
    }
  },
  "assay.bench/1": {
    "type": "object",
    "required": ["schema", "stage", "stage_sha256", "clock_mhz", "frames", "efficiency", "estimates", "device", "layers",
                 "partitions", "remarks"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "stage": {"type": "string"}, "stage_sha256": {"type": "string"},
      "clock_mhz": {"type": "number"}, "frames": {"$ref": "count"}, "efficiency": {"type": "number"},
      "estimates": {"$ref": "resources"}, "device": {"$ref": "part"},
      "layers": {"type": "array", "items": {
        "type": "object",
        "required": ["node", "operator", "partition", "cycles", "frames_per_second", "share", "macs", "multipliers",
                     "efficiency", "estimates"],
        "additionalProperties": false,
        "properties": {
          "node": {"type": "string"}, "operator": {"type": "string"}, "partition": {"type": "integer", "minimum": -1},
          "cycles": {"$ref": "count"}, "frames_per_second": {"type": "number"}, "share": {"type": "number"},
          "macs": {"$ref": "count"}, "multipliers": {"$ref": "count"}, "efficiency": {"type": "number"},
          "estimates": {"$ref": "resources"}
        }
      }},
      "partitions": {"type": "array", "items": {
        "type": "object", "required": ["partition", "bottleneck", "formula", "token_model", "measured"],
        "additionalProperties": false,
        "properties": {
          "partition": {"$ref": "count"}, "bottleneck": {"type": "string"},
          "formula": {"$ref": "throughput"}, "token_model": {"$ref": "throughput"}, "measured": {"$ref": "throughput"}
        }
      }},
      "remarks": {"$ref": "names"}
    }
  },
  "assay.rtl-node/1": {
    "type": "object",
    "required": ["schema", "assay", "stage", "stage_sha256", "data", "images", "seed", "tools", "verdict", "predicted", "compared",
                 "differing", "nodes"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "assay": {"type": "object"}, "stage": {"type": "string"},
      "stage_sha256": {"type": "string"}, "data": {"type": "object"}, "images": {"$ref": "count"},
      "seed": {"$ref": "count"},
      "tools": {"type": "object", "required": ["verilator", "compiler"], "additionalProperties": {"type": "string"}},
      "verdict": {"$ref": "verdict"},
      "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
      "nodes": {"type": "array", "items": {
        "type": "object",
        "required": ["node", "operator", "folder", "folding", "model", "content", "verdict", "reason", "cycles", "memories",
                     "canaries", "runs"],
        "additionalProperties": false,
        "properties": {
          "node": {"type": "string"}, "operator": {"type": "string"}, "folder": {"type": "string"},
          "folding": {"type": "object", "additionalProperties": {"$ref": "count"}},
          "model": {"type": "string"}, "content": {"type": "string"},
          "verdict": {"$ref": "verdict"}, "reason": {"type": "string"},
          "cycles": {
            "type": "object", "required": ["formula", "measured"], "additionalProperties": false,
            "properties": {"formula": {"$ref": "count"}, "measured": {"$ref": "place"}}
          },
          "memories": {
            "type": "object", "required": ["predicted", "compared", "differing", "first"], "additionalProperties": false,
            "properties": {
              "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
              "first": {"type": "string"}
            }
          },
          "canaries": {"$ref": "canaries"},
          "runs": {"type": "array", "items": {
            "type": "object",
            "required": ["profile", "seed", "frames", "verdict", "reason", "predicted", "compared", "compared_before_reset",
                         "differing", "violations", "stuck", "first_mismatch"],
            "additionalProperties": false,
            "properties": {
              "profile": {"type": "string"}, "seed": {"$ref": "count"}, "frames": {"$ref": "count"},
              "verdict": {"$ref": "verdict"}, "reason": {"type": "string"},
              "predicted": {"$ref": "count"}, "compared": {"$ref": "count"},
              "compared_before_reset": {"$ref": "count"}, "differing": {"$ref": "count"},
              "violations": {"type": "array", "items": {
                "type": "object", "required": ["rule", "stream", "cycle"], "additionalProperties": false,
                "properties": {"rule": {"type": "string"}, "stream": {"type": "string"}, "cycle": {"$ref": "count"}}
              }},
              "stuck": {"type": "string"},
              "first_mismatch": {
                "type": ["object", "null"], "required": ["at", "replay"], "additionalProperties": false,
                "properties": {"at": {"type": "string"}, "replay": {"type": "string"}}
              }
            }
          }}
        }
      }}
    }
  },
  "assay.rtl-top/1": {
    "type": "object",
    "required": ["schema", "assay", "stage", "stage_sha256", "data", "images", "seed", "tools", "verdict", "predicted", "compared",
                 "differing", "partitions"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "assay": {"type": "object"}, "stage": {"type": "string"},
      "stage_sha256": {"type": "string"}, "data": {"type": "object"}, "images": {"$ref": "count"},
      "seed": {"$ref": "count"},
      "tools": {"type": "object", "required": ["verilator", "compiler"], "additionalProperties": {"type": "string"}},
      "verdict": {"$ref": "verdict"},
      "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
      "partitions": {"type": "array", "items": {
        "type": "object",
        "required": ["partition", "module", "folder", "model", "content", "verdict", "reason", "first_frame_latency", "interval",
                     "steady", "clock_mhz", "frames_per_second", "bottleneck", "token_model", "canaries", "nodes", "streams",
                     "fifos", "runs"],
        "additionalProperties": false,
        "properties": {
          "partition": {"$ref": "count"}, "module": {"type": "string"}, "folder": {"type": "string"},
          "model": {"type": "string"}, "content": {"type": "string"},
          "verdict": {"$ref": "verdict"}, "reason": {"type": "string"},
          "first_frame_latency": {"$ref": "place"}, "interval": {"$ref": "place"}, "steady": {"type": ["boolean", "null"]},
          "clock_mhz": {"type": "number"}, "frames_per_second": {"type": ["number", "null"]},
          "bottleneck": {
            "type": "object", "required": ["node", "cycles"], "additionalProperties": false,
            "properties": {"node": {"type": "string"}, "cycles": {"$ref": "count"}}
          },
          "token_model": {
            "type": ["object", "null"], "required": ["predicted", "compared", "differing", "first"],
            "additionalProperties": false,
            "properties": {
              "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
              "first": {"type": "string"}
            }
          },
          "canaries": {"$ref": "canaries"},
          "nodes": {"type": "array", "items": {
            "type": "object", "required": ["node", "instance", "operator", "cycles", "memories"],
            "additionalProperties": false,
            "properties": {
              "node": {"type": "string"}, "instance": {"type": "string"}, "operator": {"type": "string"},
              "cycles": {"$ref": "count"},
              "memories": {
                "type": "object", "required": ["predicted", "compared", "differing", "first"], "additionalProperties": false,
                "properties": {
                  "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
                  "first": {"type": "string"}
                }
              }
            }
          }},
          "streams": {"type": "array", "items": {
            "type": "object",
            "required": ["name", "wires", "writer", "reader", "bits", "beats", "predicted", "compared", "differing", "stalls",
                         "starves", "first", "last"],
            "additionalProperties": false,
            "properties": {
              "name": {"type": "string"}, "wires": {"type": "string"}, "writer": {"$ref": "text_or_null"},
              "reader": {"$ref": "text_or_null"}, "bits": {"$ref": "count"}, "beats": {"$ref": "count"},
              "predicted": {"$ref": "count"}, "compared": {"$ref": "count"}, "differing": {"$ref": "count"},
              "stalls": {"$ref": "count"}, "starves": {"$ref": "count"},
              "first": {"type": "integer"}, "last": {"type": "integer"}
            }
          }},
          "fifos": {"type": "array", "items": {
            "type": "object", "required": ["name", "depth", "high_water"], "additionalProperties": false,
            "properties": {"name": {"type": "string"}, "depth": {"$ref": "count"}, "high_water": {"$ref": "count"}}
          }},
          "runs": {"type": "array", "items": {
            "type": "object",
            "required": ["profile", "seed", "frames", "cycles", "verdict", "reason", "predicted", "compared",
                         "compared_before_reset", "differing", "violations", "stuck", "first_mismatch"],
            "additionalProperties": false,
            "properties": {
              "profile": {"type": "string"}, "seed": {"$ref": "count"}, "frames": {"$ref": "count"},
              "cycles": {"$ref": "count"}, "verdict": {"$ref": "verdict"}, "reason": {"type": "string"},
              "predicted": {"$ref": "count"}, "compared": {"$ref": "count"},
              "compared_before_reset": {"$ref": "count"}, "differing": {"$ref": "count"},
              "violations": {"type": "array", "items": {
                "type": "object", "required": ["rule", "stream", "cycle"], "additionalProperties": false,
                "properties": {"rule": {"type": "string"}, "stream": {"type": "string"}, "cycle": {"$ref": "count"}}
              }},
              "stuck": {"type": "string"},
              "first_mismatch": {
                "type": ["object", "null"], "required": ["at", "replay"], "additionalProperties": false,
                "properties": {"at": {"type": "string"}, "replay": {"type": "string"}}
              }
            }
          }}
        }
      }}
    }
  },
  "assay.regress/1": {
    "type": "object", "required": ["schema", "suite", "assay", "updated", "passed", "exit_code", "cases"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "suite": {"type": "string"}, "assay": {"$ref": "assay"},
      "updated": {"type": "boolean"}, "passed": {"type": "boolean"}, "exit_code": {"$ref": "count"},
      "cases": {"type": "array", "items": {
        "type": "object",
        "required": ["case", "level", "verdict", "reason", "standing", "text", "accepted", "tool_failed", "metrics",
                     "changes"],
        "additionalProperties": false,
        "properties": {
          "case": {"type": "string"}, "level": {"type": "string"},
          "verdict": {"type": "string", "enum": ["EQUIVALENT", "DIFFERENT", "INCONCLUSIVE", "FAILED"]},
          "reason": {"type": "string"}, "standing": {"$ref": "standing"}, "text": {"type": "string"},
          "accepted": {"type": "boolean"}, "tool_failed": {"type": "boolean"},
          "metrics": {"type": "array", "items": {
            "type": "object", "required": ["metric", "node", "value"], "additionalProperties": false,
            "properties": {"metric": {"type": "string"}, "node": {"type": "string"}, "value": {"type": "integer"}}
          }},
          "changes": {"type": "array", "items": {
            "type": "object", "required": ["metric", "node", "before", "now", "standing"],
            "additionalProperties": false,
            "properties": {
              "metric": {"type": "string"}, "node": {"type": "string"}, "before": {"type": ["integer", "null"]},
              "now": {"type": ["integer", "null"]}, "standing": {"$ref": "standing"}
            }
          }}
        }
      }}
    }
  },
  "assay.history/1": {
    "type": "object", "required": ["schema", "cases"], "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"},
      "cases": {"type": "array", "items": {
        "type": "object", "required": ["case", "level", "runs"], "additionalProperties": false,
        "properties": {
          "case": {"type": "string"}, "level": {"type": "string"},
          "runs": {"type": "array", "items": {
            "type": "object",
            "required": ["run", "time", "suite", "assay", "baseline", "same_setup", "verdict", "metrics"],
            "additionalProperties": false,
            "properties": {
              "run": {"$ref": "count"}, "time": {"type": "string"}, "suite": {"type": "string"},
              "assay": {"$ref": "assay"}, "baseline": {"type": "boolean"}, "same_setup": {"type": ["boolean", "null"]},
              "verdict": {"type": "string"},
              "metrics": {"type": "array", "items": {
                "type": "object", "required": ["metric", "node", "value", "delta"], "additionalProperties": false,
                "properties": {
                  "metric": {"type": "string"}, "node": {"type": "string"}, "value": {"type": "integer"},
                  "delta": {"type": ["integer", "null"]}
                }
              }}
            }
          }}
        }
      }}
    }
  },
  "assay.explain/1": {
    "type": "object",
    "required": ["schema", "name", "places", "quantisers", "folded_into", "widths", "units", "remarks",
                 "thresholds"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "name": {"type": "string"},
      "places": {"type": "array", "items": {
        "type": "object", "required": ["stage", "node", "operator", "tensor", "dtype", "shape"],
        "additionalProperties": false,
        "properties": {
          "stage": {"type": "string"}, "node": {"type": "string"}, "operator": {"type": "string"},
          "tensor": {"type": "string"}, "dtype": {"type": "string"},
          "shape": {"type": ["array", "null"], "items": {"$ref": "count"}}
        }
      }},
      "quantisers": {"$ref": "quantisers"}, "folded_into": {"$ref": "quantisers"}, "widths": {"$ref": "widths"},
      "units": {"$ref": "units"}, "remarks": {"$ref": "remarks"},
      "thresholds": {
        "type": ["object", "null"],
        "required": ["stage", "node", "operator", "out_bias", "rows", "table_min", "first_rows"],
        "additionalProperties": false,
        "properties": {
          "stage": {"type": "string"}, "node": {"type": "string"}, "operator": {"type": "string"},
          "out_bias": {"type": "integer"}, "rows": {"$ref": "count"}, "table_min": {"type": ["integer", "null"]},
          "first_rows": {"type": "array", "items": {
            "type": "object", "required": ["index", "thresholds", "multipliers"], "additionalProperties": false,
            "properties": {
              "index": {"$ref": "counts"}, "thresholds": {"$ref": "integers"},
              "multipliers": {"type": ["array", "null"], "items": {"type": "integer"}}
            }
          }}
        }
      }
    }
  },
  "assay.show/1": {
    "type": "object",
    "required": ["schema", "name", "sha256", "inputs", "outputs", "operators", "parameters", "macs", "checkpoints"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "name": {"type": "string"}, "sha256": {"type": "string"},
      "inputs": {"$ref": "tensors"}, "outputs": {"$ref": "tensors"},
      "operators": {"type": "object", "additionalProperties": {"$ref": "count"}},
      "parameters": {"$ref": "count"}, "macs": {"$ref": "count"},
      "checkpoints": {"type": "array", "items": {
        "type": "object", "required": ["name", "kind", "tensor", "node", "dtype", "shape", "scale", "offset"],
        "additionalProperties": false,
        "properties": {
          "name": {"type": "string"}, "kind": {"type": "string"}, "tensor": {"type": "string"},
          "node": {"type": "string"}, "dtype": {"type": "string"},
          "shape": {"type": ["array", "null"], "items": {"$ref": "count"}},
          "scale": {"$ref": "text_or_null"}, "offset": {"$ref": "text_or_null"}
        }
      }}
    }
  },
  "assay.show-run/1": {
    "type": "object", "required": ["schema", "run", "timing"], "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "run": {"type": "object"}, "timing": {"type": ["object", "null"]}
    }
  },
  "assay.data/1": {
    "type": "object",
    "required": ["schema", "data", "channels", "height", "width", "class_images", "class_names"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "data": {"$ref": "data"}, "channels": {"$ref": "count"},
      "height": {"$ref": "count"}, "width": {"$ref": "count"}, "class_images": {"$ref": "counts"},
      "class_names": {"$ref": "names"}
    }
  },
  "assay.exec/1": {
    "type": "object", "required": ["schema", "mode", "model", "images", "outputs", "dump"],
    "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "mode": {"type": "string", "enum": ["exact", "float"]},
      "model": {"$ref": "model"}, "images": {"$ref": "count"},
      "outputs": {"type": "array", "items": {
        "type": "object", "required": ["name", "file", "shape", "dtype", "sha256"], "additionalProperties": false,
        "properties": {
          "name": {"type": "string"}, "file": {"type": "string"}, "shape": {"$ref": "counts"},
          "dtype": {"type": "string"}, "sha256": {"type": "string"}
        }
      }},
      "dump": {"$ref": "text_or_null"}
    }
  },
  "assay.scales/1": {
    "type": "object", "required": ["schema", "mode", "checkpoints"], "additionalProperties": false,
    "properties": {
      "schema": {"type": "string"}, "mode": {"type": "string", "enum": ["exact", "float"]},
      "checkpoints": {"type": "array", "items": {
        "type": "object", "required": ["name", "file", "dtype", "shape", "scale", "offset"],
        "additionalProperties": false,
        "properties": {
          "name": {"type": "string"}, "file": {"type": "string"}, "dtype": {"type": "string"},
          "shape": {"$ref": "counts"}, "scale": {"$ref": "reals"}, "offset": {"$ref": "reals"}
        }
      }}
    }
  }
}
})json";

}  // namespace assay
