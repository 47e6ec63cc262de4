// SPDX-License-Identifier: Apache-2.0
#include "harness/report/stimuli.h"

namespace assay::report {

void Stimuli::Checkpoint::fields(Fields& f) {
  f("name", name);
  f("elements", elements);
  f("constant", constant);
  f("channels", channels);
  f("constant_channels", constant_channels);
}

void Stimuli::fields(Fields& f) {
  f("images", images);
  f("distinct", distinct);
  f("blank", blank);
  f("checkpoints", checkpoints);
  f("classes", classes);
  f.where_given("class_names", class_names);
  f("never_predicted", never_predicted);
  f("never_labelled", never_labelled);
}

}  // namespace assay::report
