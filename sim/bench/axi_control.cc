// SPDX-License-Identifier: Apache-2.0
#include "sim/bench/axi_control.h"

namespace assay::sim {

AxiControl::AxiControl(const Pins& pins, const std::string& name, AxiRules& rules)
    : aw_{pins.aw},
      w_{pins.w},
      ar_{pins.ar},
      b_(pins.b, name + ".b", rules),
      r_(pins.r, name + ".r", rules) {}

void AxiControl::pace(const AxiTiming& timing) {
  Random random(timing.seed);
  for (Offer* offer : {&aw_, &w_, &ar_}) offer->pace = Pace(timing.profile, true, random.next());
  b_pace_ = Pace(timing.profile, false, random.next());
  r_pace_ = Pace(timing.profile, false, random.next());
}

void AxiControl::restart() {
  writing_ = reading_ = false;
  b_.restart();
  r_.restart();
  for (Offer* offer : {&aw_, &w_, &ar_}) {
    offer->waits = offer->offered = false;
    *offer->pins.valid = 0;
  }
  *b_.pins().ready = *r_.pins().ready = 0;
}

void AxiControl::begin_write(unsigned offset, std::uint32_t value, unsigned strobes) {
  set_bits(aw_.pins.data, 0, aw_.pins.bits, offset);
  set_bits(w_.pins.data, 0, 32, value);
  set_bits(w_.pins.data, 32, 4, strobes);
  aw_.waits = w_.waits = writing_ = true;
}

void AxiControl::begin_read(unsigned offset) {
  set_bits(ar_.pins.data, 0, ar_.pins.bits, offset);
  ar_.waits = reading_ = true;
}

void AxiControl::Offer::drive() {
  offered = waits && (offered || pace.willing(false));
  *pins.valid = offered ? 1 : 0;
}

void AxiControl::Offer::observe() {
  if (offered && *pins.ready != 0) waits = offered = false;
}

void AxiControl::drive() {
  for (Offer* offer : {&aw_, &w_, &ar_}) offer->drive();
  *b_.pins().ready = b_pace_.willing(b_.waiting()) ? 1 : 0;
  *r_.pins().ready = r_pace_.willing(r_.waiting()) ? 1 : 0;
}

void AxiControl::observe(std::int64_t cycle) {
  const bool asked_write = writing_ && !aw_.waits && !w_.waits, asked_read = reading_ && !ar_.waits;
  for (Offer* offer : {&aw_, &w_, &ar_}) offer->observe();
  if (*b_.pins().valid != 0 && !asked_write) b_.broken("answer-unasked", cycle);
  if (*r_.pins().valid != 0 && !asked_read) r_.broken("answer-unasked", cycle);
  if (b_.observe(cycle).taken) {
    writing_ = false;
    refused_ = get_bits(b_.pins().data, 0, 2) != 0;
  }
  if (r_.observe(cycle).taken) {
    reading_ = false;
    value_ = static_cast<std::uint32_t>(get_bits(r_.pins().data, 0, 32));
    refused_ = get_bits(r_.pins().data, 32, 2) != 0;
  }
}

}  // namespace assay::sim
