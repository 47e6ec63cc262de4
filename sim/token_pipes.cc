// SPDX-License-Identifier: Apache-2.0
// Layers that buffer windows or calculate in pipelines.
#include "sim/token_nodes.h"

namespace assay::sim::token {
namespace {

/// WindowTiming.
class Window final : public Node {
 public:
  Window(const hw::WindowTiming& t, Ports ports)
      : t_(t), ports_(std::move(ports)), in_(*ports_.inputs[0]), out_(*ports_.outputs[0]) {
    stored_.resize(std::bit_ceil(static_cast<std::uint64_t>(t.depth + 1)));
  }
  void run() override {
    while (take() || read() || leave()) {
    }
  }
  Waits waits() const override {
    Waits waits;
    if (word_ >= in_.taken)
      add_missing(waits, ports_, 1);
    else if (tap_)
      add_full(waits, ports_);
    return waits;
  }

 private:
  Cycle& stored(std::int64_t word) {
    return stored_[static_cast<std::uint64_t>(word) & (stored_.size() - 1)];
  }
  /// Writes words until the ring is full.
  bool take() {
    bool any = false;
    for (; in_.has(in_.taken) && in_.taken < freed_ + t_.depth; any = true) {
      Cycle at = std::max(last_take_ + 1, in_.valid(in_.taken));
      // Words of windows that are over make room behind the window's last tap.
      while (!frees_.empty() && in_.taken >= frees_.front().words + t_.depth) frees_.pop_front();
      if (!frees_.empty() && in_.taken >= frees_.front().before + t_.depth)
        at = std::max(at, frees_.front().at + 1);
      stored(in_.taken) = at;
      in_.take(at);
      last_take_ = at;
    }
    return any;
  }
  /// Reads the next tap into its register, which must be empty or empty itself in this cycle.
  bool read() {
    if (tap_ || word_ >= in_.taken) return false;
    tap_ = true;
    read_ = std::max({read_ + 1, stored(word_) + 1, left_});
    next_tap();
    return true;
  }
  bool leave() {
    const Cycle room = out_.room(out_.written, ports_.capacity[0]);
    if (!tap_ || room >= kUnlimited) return false;
    tap_ = false;
    left_ = std::max({left_ + 1, read_ + 1, room});
    out_.write(left_);
    return true;
  }
  void next_tap() {
    for (std::size_t loop = 0; loop < 3; ++loop) {
      word_ += t_.step[loop];
      if (++index_[loop] < t_.count[loop]) return;
      word_ -= t_.step[loop] * t_.count[loop];
      index_[loop] = 0;
    }
    std::int64_t step = t_.column_step;
    if (++column_ == t_.columns) {
      column_ = 0;
      step = t_.row_step;
      if (++row_ == t_.rows) {
        row_ = 0;
        step = t_.frame_step;
      }
    }
    word_ += step;
    frees_.push_back({freed_, freed_ + step, read_});
    freed_ += step;
  }

  /// A window that is over: from `before` freed words to `words`, by a read in cycle `at`.
  struct Free {
    std::int64_t before, words;
    Cycle at;
  };

  hw::WindowTiming t_;
  Ports ports_;
  Stream &in_, &out_;
  std::vector<Cycle> stored_;
  std::deque<Free> frees_;
  std::int64_t freed_ = 0, word_ = 0, column_ = 0, row_ = 0, index_[3] = {};
  bool tap_ = false;
  Cycle last_take_ = -1, read_ = -1, left_ = -1;
};

/// PipelineTiming, with or without sums in front.
template <typename Pipe>
class Pipeline final : public Node {
 public:
  Pipeline(Pipe pipe, Ports ports) : pipe_(std::move(pipe)), ports_(std::move(ports)) {}
  void run() override {
    pipe_.drain();
    for (;;) {
      Cycle at = last_ + 1;
      for (const Stream* in : ports_.inputs) {
        if (!in->has(in->taken)) return;
        at = std::max(at, in->valid(in->taken));
      }
      at = pipe_.entry(at);
      if (at >= kUnlimited) return;
      for (Stream* in : ports_.inputs) in->take(at);
      pipe_.enter(at);
      last_ = at;
    }
  }
  Waits waits() const override {
    Waits waits;
    add_missing(waits, ports_, ~std::uint64_t{0});
    if (waits.empty()) waits.push_back({true, 0});
    return waits;
  }

 private:
  Pipe pipe_;
  Ports ports_;
  Cycle last_ = -1;
};

/// ProductTiming: the replay buffer in front of the products.
template <typename Pipe>
class Product final : public Node {
 public:
  Product(const hw::ProductTiming& t, Pipe pipe, Ports ports)
      : t_(t),
        pipe_(std::move(pipe)),
        ports_(std::move(ports)),
        in_(*ports_.inputs[0]),
        weights_(ports_.inputs.size() > 1 ? ports_.inputs[1] : nullptr),
        stored_(static_cast<std::size_t>(2 * t.length)) {}
  void run() override {
    for (;;) {
      pipe_.drain();
      const bool any = t_.repeats > 1 && take();
      if (!play() && !any) return;
    }
  }
  Waits waits() const override {
    if (held_ && weights_ && !weights_->has(weights_->taken)) return {{false, 1}};
    const bool plays = held_ || repeat_ > 0 || vector_ * t_.length + fold_ < in_.taken;
    return {{plays, 0}};
  }

 private:
  /// Two vectors are stored; the last word read of one makes room for the one after the next.
  bool take() {
    bool any = false;
    for (; in_.has(in_.taken) && in_.taken < (vector_ + 2) * t_.length; any = true) {
      const std::int64_t vector = in_.taken / t_.length;
      last_take_ = std::max(last_take_ + 1, in_.valid(in_.taken));
      if (vector >= 2) last_take_ = std::max(last_take_, freed_[vector & 1] + 1);
      stored_[static_cast<std::size_t>(in_.taken % (2 * t_.length))] = last_take_;
      in_.take(last_take_);
    }
    return any;
  }
  bool play() {
    if (repeat_ > 0 && fold_ == 0 && !held_ && !weights_) return replay();
    return (held_ || load()) && fire();
  }
  /// The next word goes into the register behind the buffer, when that is empty or fires now.
  bool load() {
    if (t_.repeats == 1) {
      if (!in_.has(in_.taken)) return false;
      loaded_ = std::max(in_.valid(in_.taken), fired_);
      in_.take(loaded_);
    } else {
      const std::int64_t word = vector_ * t_.length + fold_;
      if (word >= in_.taken) return false;
      loaded_ = std::max(stored_[static_cast<std::size_t>(word % (2 * t_.length))] + 1, fired_);
    }
    return held_ = true;
  }
  bool fire() {
    Cycle at = loaded_ + 1;
    if (weights_) {
      if (!weights_->has(weights_->taken)) return false;
      at = std::max(at, weights_->valid(weights_->taken));
    }
    at = pipe_.entry(at);
    if (at >= kUnlimited) return false;
    if (weights_) weights_->take(at);
    fired_ = at;
    held_ = false;
    if (++fold_ == t_.length) end_of_vector();
    return true;
  }
  /// A vector that is there plays without a pause but the pipeline's own.
  bool replay() {
    const Cycle before = t_.length > 1 ? pipe_.moving(fired_ + 1, t_.length - 1) : fired_;
    if (before >= kUnlimited) return false;
    const Cycle at = pipe_.moving(before + 1, 1);
    if (at >= kUnlimited) return false;
    loaded_ = before;
    fired_ = at;
    end_of_vector();
    return true;
  }
  void end_of_vector() {
    fold_ = 0;
    if (++repeat_ == t_.repeats) {
      repeat_ = 0;
      freed_[vector_++ & 1] = loaded_;
    }
    pipe_.enter(fired_);
  }

  hw::ProductTiming t_;
  Pipe pipe_;
  Ports ports_;
  Stream &in_, *weights_;
  std::vector<Cycle> stored_;                        ///< when the words of two vectors were written
  std::int64_t vector_ = 0, repeat_ = 0, fold_ = 0;  ///< that plays
  bool held_ = false;                                ///< a beat is in the register
  Cycle last_take_ = -1, loaded_ = -1, fired_ = -1, freed_[2] = {};
};

}  // namespace

std::unique_ptr<Node> make_window(const hw::WindowTiming& t, Ports ports) {
  return std::make_unique<Window>(t, std::move(ports));
}

std::unique_ptr<Node> make_pipeline(const hw::PipelineTiming& t, Ports ports) {
  StoppingPipe thresholds(*ports.outputs[0], ports.capacity[0], t.stages);
  if (t.sum_stages == 0)
    return std::make_unique<Pipeline<StoppingPipe>>(std::move(thresholds), std::move(ports));
  using Sums = WaitingPipe<StoppingPipe>;
  return std::make_unique<Pipeline<Sums>>(Sums(std::move(thresholds), t.sum_stages),
                                          std::move(ports));
}

std::unique_ptr<Node> make_product(const hw::ProductTiming& t, Ports ports) {
  Stream& out = *ports.outputs[0];
  const std::int64_t capacity = ports.capacity[0];
  if (t.stages == 0) {
    using Pipe = WaitingPipe<SkidEntry>;
    return std::make_unique<Product<Pipe>>(t, Pipe(SkidEntry(out, capacity), kProductStages),
                                           std::move(ports));
  }
  using Pipe = WaitingPipe<StoppingPipe>;
  return std::make_unique<Product<Pipe>>(
      t, Pipe(StoppingPipe(out, capacity, t.stages), kProductStages), std::move(ports));
}

}  // namespace assay::sim::token
