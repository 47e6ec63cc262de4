# SPDX-License-Identifier: Apache-2.0
# tclsh mock_vivado.tcl SCRIPT...: runs scripts that are meant for Vivado, one after the other as Vivado would be called for
# each, on a model of what they talk to: cells, pins, interfaces, clocks, widths, addresses, files, runs. The first thing that
# is unknown or wrong ends it with exit code 1 and what is wrong. Knows nothing of timing or of what an IP does.

namespace eval ipx {}
namespace eval mock {
  variable saved_cores {}
  variable project {} design {} validated 0 saved 0 generated 0 top {}
  variable repository {} catalog {} cells {} automated {} external {}
  variable net {} nets {} links {} assigned {} runs {} opened 0

  # Parts that there are on the boards of the project's table.
  variable parts {
    xc7z010clg400-1 xc7z020clg400-1 xc7z020clg484-1 xc7z045ffg900-2 xczu3eg-sbva484-1-e xczu3eg-sbva484-1-i
    xczu9eg-ffvb1156-2-e xczu7ev-ffvc1156-2-e xczu28dr-ffvg1517-2-e xczu48dr-ffvg1517-2-e xck26-sfvc784-2LV-c
  }
  # AMD's IPs: version, then per parameter what values it takes and which it has at first.
  variable ips {
    processing_system7 {5.5 {
      PCW_USE_M_AXI_GP0 {[01] 1} PCW_EN_CLK0_PORT {[01] 1} PCW_EN_RST0_PORT {[01] 1}
      PCW_USE_FABRIC_INTERRUPT {[01] 0} PCW_IRQ_F2P_INTR {[01] 0} PCW_FPGA0_PERIPHERAL_FREQMHZ {[0-9]+(\.[0-9]+)? 50}
      PCW_USE_S_AXI_HP0 {[01] 0} PCW_USE_S_AXI_HP1 {[01] 0} PCW_USE_S_AXI_HP2 {[01] 0} PCW_USE_S_AXI_HP3 {[01] 0}
      PCW_S_AXI_HP0_DATA_WIDTH {32|64 64} PCW_S_AXI_HP1_DATA_WIDTH {32|64 64}
      PCW_S_AXI_HP2_DATA_WIDTH {32|64 64} PCW_S_AXI_HP3_DATA_WIDTH {32|64 64}
    }}
    zynq_ultra_ps_e {3.5 {
      PSU__USE__M_AXI_GP0 {[01] 1} PSU__USE__M_AXI_GP1 {[01] 1} PSU__USE__M_AXI_GP2 {[01] 0}
      PSU__FPGA_PL0_ENABLE {[01] 1} PSU__USE__IRQ0 {[01] 0} PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ {[0-9]+(\.[0-9]+)? 100}
      PSU__USE__S_AXI_GP2 {[01] 0} PSU__USE__S_AXI_GP3 {[01] 0} PSU__USE__S_AXI_GP4 {[01] 0} PSU__USE__S_AXI_GP5 {[01] 0}
      PSU__SAXIGP2__DATA_WIDTH {32|64|128 128} PSU__SAXIGP3__DATA_WIDTH {32|64|128 128}
      PSU__SAXIGP4__DATA_WIDTH {32|64|128 128} PSU__SAXIGP5__DATA_WIDTH {32|64|128 128}
    }}
    proc_sys_reset {5.0 {}}
    smartconnect {1.0 {NUM_SI {[1-9]|1[0-6] 1} NUM_MI {[1-9]|1[0-6] 1}}}
    xlconcat {2.1 {NUM_PORTS {[1-9]|[12][0-9]|3[0-2] 2}}}
  }
}

proc mock::check {holds text} { if {!$holds} { return -code error -level 2 $text } }

# Options of a command: `flags` stand alone, `valued` have a value; returns a dict, with the rest as `rest`.
proc mock::options {command flags valued arguments} {
  set result [dict create rest {}]
  for {set i 0} {$i < [llength $arguments]} {incr i} {
    set one [lindex $arguments $i]
    if {$one in $flags} {
      dict set result $one 1
    } elseif {$one in $valued} {
      dict set result $one [lindex $arguments [incr i]]
    } elseif {[regexp {^-[a-z]} $one]} {
      error "$command has no option '$one'"
    } else {
      dict lappend result rest $one
    }
  }
  return $result
}

# An object "KIND:NAME"; its name where it is of this kind.
proc mock::object {kind text} {
  if {![string match "$kind:*" $text] || [llength $text] != 1} { error "'$text' is no $kind" }
  return [string range $text [expr {[string length $kind] + 1}] end]
}

proc mock::need_project {} {
  variable project
  if {$project eq ""} { error "no project is open" }
}
proc mock::need_design {} {
  variable design
  need_project
  if {$design eq ""} { error "no block design is open" }
}

# ---- What cells have: pins {direction kind least most} and interfaces {mode kind width clock} ----

proc mock::pin {direction kind {least 1} {most {}}} {
  return [list $direction $kind $least [expr {$most eq "" ? $least : $most}]]
}

proc mock::description_of {cell} {
  variable cells
  set vlnv [dict get $cells $cell vlnv]
  set parameters [dict get $cells $cell parameters]
  set name [lindex [split $vlnv :] 2]
  if {[string match xilinx.com:* $vlnv]} { return [describe_$name $parameters] }
  variable catalog
  return [dict get $catalog $vlnv]
}

proc mock::describe_processing_system7 {p} {
  set pins {} ; set interfaces {DDR {master io 0 {}} FIXED_IO {master io 0 {}}}
  if {[dict get $p PCW_EN_CLK0_PORT]} { dict set pins FCLK_CLK0 [pin out clock] }
  if {[dict get $p PCW_EN_RST0_PORT]} { dict set pins FCLK_RESET0_N [pin out reset_low] }
  if {[dict get $p PCW_USE_M_AXI_GP0]} {
    dict set pins M_AXI_GP0_ACLK [pin in clock]
    dict set interfaces M_AXI_GP0 {master aximm 32 M_AXI_GP0_ACLK}
  }
  if {[dict get $p PCW_USE_FABRIC_INTERRUPT] && [dict get $p PCW_IRQ_F2P_INTR]} { dict set pins IRQ_F2P [pin in data 1 16] }
  for {set i 0} {$i < 4} {incr i} {
    if {![dict get $p PCW_USE_S_AXI_HP$i]} continue
    dict set pins S_AXI_HP${i}_ACLK [pin in clock]
    dict set interfaces S_AXI_HP$i [list slave aximm [dict get $p PCW_S_AXI_HP${i}_DATA_WIDTH] S_AXI_HP${i}_ACLK]
    dict set segments S_AXI_HP$i/HP${i}_DDR_LOWOCM [list S_AXI_HP$i 0 0x40000000]
  }
  if {![info exists segments]} { set segments {} }
  return [dict create pins $pins interfaces $interfaces segments $segments \
    spaces {Data {M_AXI_GP0 {0x40000000 0x40000000}}}]
}

proc mock::describe_zynq_ultra_ps_e {p} {
  set pins {} ; set interfaces {} ; set segments {}
  if {[dict get $p PSU__FPGA_PL0_ENABLE]} {
    dict set pins pl_clk0 [pin out clock]
    dict set pins pl_resetn0 [pin out reset_low]
  }
  foreach {setting name} {GP0 HPM0_FPD GP1 HPM1_FPD GP2 HPM0_LPD} {
    if {![dict get $p PSU__USE__M_AXI_$setting]} continue
    set clock maxi[string tolower $name]_aclk
    dict set pins $clock [pin in clock]
    dict set interfaces M_AXI_$name [list master aximm 128 $clock]
  }
  if {[dict get $p PSU__USE__IRQ0]} { dict set pins pl_ps_irq0 [pin in data 1 8] }
  for {set i 0} {$i < 4} {incr i} {
    set gp [expr {$i + 2}]
    if {![dict get $p PSU__USE__S_AXI_GP$gp]} continue
    dict set pins saxihp${i}_fpd_aclk [pin in clock]
    dict set interfaces S_AXI_HP${i}_FPD [list slave aximm [dict get $p PSU__SAXIGP${gp}__DATA_WIDTH] saxihp${i}_fpd_aclk]
    dict set segments SAXIGP$gp/HP${i}_DDR_LOW [list S_AXI_HP${i}_FPD 0 0x80000000]
  }
  return [dict create pins $pins interfaces $interfaces segments $segments \
    spaces {Data {M_AXI_HPM0_FPD {0xa0000000 0x10000000 0x400000000 0x100000000}}}]
}

proc mock::describe_proc_sys_reset {p} {
  return [dict create interfaces {} segments {} spaces {} pins [dict create \
    slowest_sync_clk [pin in clock] ext_reset_in [pin in reset_any] dcm_locked [pin in optional] \
    aux_reset_in [pin in optional] mb_debug_sys_rst [pin in optional] \
    peripheral_aresetn [pin out reset_low] interconnect_aresetn [pin out reset_low] \
    peripheral_reset [pin out reset_high] bus_struct_reset [pin out reset_high] mb_reset [pin out reset_high]]]
}

proc mock::describe_smartconnect {p} {
  set interfaces {}
  foreach {side mode number} [list S slave [dict get $p NUM_SI] M master [dict get $p NUM_MI]] {
    for {set i 0} {$i < $number} {incr i} { dict set interfaces [format %s%02d_AXI $side $i] [list $mode aximm any aclk] }
  }
  return [dict create interfaces $interfaces segments {} spaces {} \
    pins [dict create aclk [pin in clock] aresetn [pin in reset_low]]]
}

proc mock::describe_xlconcat {p} {
  set number [dict get $p NUM_PORTS]
  set pins [dict create dout [pin out data $number]]
  for {set i 0} {$i < $number} {incr i} { dict set pins In$i [pin in data] }
  return [dict create interfaces {} segments {} spaces {} pins $pins]
}

# ---- Our own IPs, from their component.xml ----

# What is inside of each element, without a regular expression, which takes seconds for a text of this length.
proc mock::blocks {tag text} {
  set found {}
  set at 0
  while {[set from [string first "<spirit:$tag>" $text $at]] >= 0} {
    set from [expr {$from + [string length "<spirit:$tag>"]}]
    set at [string first "</spirit:$tag>" $text $from]
    if {$at < 0} { error "component.xml has no </spirit:$tag>" }
    lappend found [string range $text $from $at-1]
  }
  return $found
}
proc mock::first {tag text} {
  if {![regexp "<spirit:$tag\[^>\]*>(\[^<\]*)</spirit:$tag>" $text all inside]} { error "component.xml has no <spirit:$tag> in: $text" }
  return $inside
}

proc mock::read_ip {file} {
  set channel [open $file]
  set xml [read $channel]
  close $channel
  set vlnv [join [list [first vendor $xml] [first library $xml] [first name $xml] [first version $xml]] :]
  set pins {}
  foreach port [blocks port [lindex [blocks ports $xml] 0]] {
    set width [expr {[regexp {<spirit:left[^>]*>([0-9]+)<} $port all left] ? $left + 1 : 1}]
    dict set pins [first name $port] [pin [first direction $port] data $width]
  }
  set interfaces {} ; set clocks {}
  foreach bus [blocks busInterface $xml] { read_bus $bus }
  foreach {clock members} $clocks {
    foreach member $members {
      if {![dict exists $interfaces $member]} { error "$vlnv: clock $clock is associated with '$member', which is no interface" }
      dict set interfaces $member [lreplace [dict get $interfaces $member] 3 3 $clock]
    }
  }
  set segments {} ; set spaces {}
  # All of what an IP describes is to be reached, not only its beginning.
  foreach map [blocks memoryMap $xml] {
    foreach block [blocks addressBlock $map] {
      dict set segments [first name $map]/[first name $block] [list [first name $map] 0 [first range $block] whole]
    }
  }
  foreach space [blocks addressSpace $xml] {
    dict set spaces [first name $space] [list [first name $space] [list 0 [first range $space]]]
  }
  foreach name [lsort -unique [lmap one [blocks file $xml] { first name $one }]] {
    if {![file isfile [file join [file dirname $file] $name]]} { error "$vlnv: there is no file '$name'" }
  }
  return [list $vlnv [dict create pins $pins interfaces $interfaces segments $segments spaces $spaces]]
}

# Works on the variables of read_ip.
proc mock::read_bus {bus} {
  upvar 1 pins pins interfaces interfaces clocks clocks vlnv vlnv
  set name [first name $bus]
  regexp {<spirit:busType [^>]*spirit:name="([a-z]+)"} $bus all type
  set mode [expr {[regexp {<spirit:master} $bus] ? "master" : "slave"}]
  set physical {}
  foreach map [blocks portMap $bus] {
    set port [first name [lindex [blocks physicalPort $map] 0]]
    if {![dict exists $pins $port]} { error "$vlnv: bus $name has port '$port', which the IP lacks" }
    dict set physical [first name [lindex [blocks logicalPort $map] 0]] $port
  }
  set kind [dict create clock clock reset reset_low interrupt data]
  if {[dict exists $kind $type]} {
    set port [lindex [dict values $physical] 0]
    dict set pins $port [lreplace [dict get $pins $port] 1 1 [dict get $kind $type]]
    if {$type eq "clock" && [regexp {ASSOCIATED_BUSIF</spirit:name>\s*<spirit:value[^>]*>([^<]*)<} $bus all members]} {
      lappend clocks $port [split $members :]
    }
    return
  }
  set data [expr {$type eq "axis" ? "TDATA" : $mode eq "master" && [dict exists $physical RDATA] ? "RDATA" : "WDATA"}]
  if {![dict exists $physical $data]} { error "$vlnv: bus $name has no $data" }
  dict set interfaces $name [list $mode $type [lindex [dict get $pins [dict get $physical $data]] 2] {}]
  foreach port [dict values $physical] { dict unset pins $port }
}

# ---- Projects and files ----

proc create_project {args} {
  set o [mock::options create_project {-force} {-part} $args]
  lassign [dict get $o rest] name folder
  mock::check [expr {[dict get $o -part] in $mock::parts}] "create_project: there is no part '[dict get $o -part]'"
  file mkdir $folder
  set channel [open [file join $folder $name.xpr] w]
  close $channel
  set mock::project [list $name $folder]
}
proc open_project {file} {
  mock::check [file isfile $file] "open_project: there is no project '$file'"
  set mock::project [list [file rootname [file tail $file]] [file dirname $file]]
}
proc current_project {} { mock::need_project ; return project:[lindex $mock::project 0] }
proc current_fileset {} { mock::need_project ; return fileset:sources_1 }
proc get_board_parts {args} {
  set o [mock::options get_board_parts {-quiet} {} $args]
  mock::check [regexp {^[a-z.]+:[a-z0-9_-]+:part0:\*$} [dict get $o rest]] "get_board_parts: '[dict get $o rest]' is no pattern of board files"
  return [list [string map {* 1.0} [dict get $o rest]] [string map {* 1.1} [dict get $o rest]]]
}
proc update_ip_catalog {} {
  mock::need_project
  foreach folder $mock::repository {
    mock::check [file isdirectory $folder] "update_ip_catalog: there is no folder '$folder'"
    foreach file [lsort [glob -nocomplain [file join $folder * component.xml]]] {
      lassign [mock::read_ip $file] vlnv description
      mock::check [expr {![dict exists $mock::catalog $vlnv]}] "update_ip_catalog: two IPs are $vlnv"
      dict set mock::catalog $vlnv $description
    }
  }
}
proc get_ipdefs {pattern} {
  mock::need_project
  set found {}
  dict for {name ip} $mock::ips {
    set vlnv xilinx.com:ip:$name:[lindex $ip 0]
    if {[string match $pattern $vlnv]} { lappend found $vlnv }
  }
  return $found
}
proc add_files {args} {
  mock::need_project
  set o [mock::options add_files {-norecurse} {-fileset} $args]
  if {[dict exists $o -fileset]} { mock::check [expr {[dict get $o -fileset] in {sources_1 constrs_1}}] "add_files: no fileset '[dict get $o -fileset]'" }
  mock::check [llength [dict get $o rest]] "add_files: no file"
  foreach file [dict get $o rest] { mock::check [file isfile $file] "add_files: there is no file '$file'" }
  return [lmap file [dict get $o rest] { list file:$file }]
}
proc get_files {pattern} {
  mock::need_design
  mock::check [expr {$pattern eq "$mock::design.bd"}] "get_files: nothing is called '$pattern'"
  return file:$mock::design.bd
}
proc update_compile_order {args} { mock::need_project ; mock::options update_compile_order {} {-fileset} $args }

proc set_property {args} {
  set o [mock::options set_property {} {-dict} $args]
  if {[dict exists $o -dict]} {
    mock::check [expr {[llength [dict get $o -dict]] % 2 == 0}] "set_property: -dict wants pairs"
    mock::check [llength [lindex [dict get $o rest] 0]] "set_property: no object"
    foreach cell [lindex [dict get $o rest] 0] { mock::configure [mock::object cell $cell] [dict get $o -dict] }
    return
  }
  lassign [dict get $o rest] name value target
  switch -glob -- $name,$target {
    board_part,project:* { mock::check [regexp {^[a-z.]+:[a-z0-9_-]+:part0:[0-9.]+$} $value] "set_property: '$value' is no board part" }
    ip_repo_paths,project:* { set mock::repository $value }
    synth_checkpoint_mode,file:* { mock::check [expr {$value in {None Singular Hierarchical}}] "set_property: no mode '$value'" }
    file_type,* {
      mock::check [expr {$value in {{Memory Initialization Files} SystemVerilog Verilog}}] "set_property: no type '$value'"
      foreach file $target { mock::object file [lindex $file 0] }
    }
    sdx_kernel,core:* - sdx_kernel_type,core:* { mock::check [expr {$value in {true rtl}}] "set_property: no kernel is '$value'" }
    top,fileset:* { set mock::top $value }
    default { error "set_property: '$target' has no property '$name'" }
  }
}

proc mock::configure {cell settings} {
  variable cells
  variable ips
  set name [lindex [split [dict get $cells $cell vlnv] :] 2]
  if {![string match xilinx.com:* [dict get $cells $cell vlnv]]} { error "cell $cell has no parameters" }
  set known [lindex [dict get $ips $name] 1]
  foreach {parameter value} $settings {
    if {![regexp {^CONFIG\.(.*)$} $parameter all short] || ![dict exists $known $short]} { error "$name has no parameter '$parameter'" }
    if {![regexp "^([lindex [dict get $known $short] 0])\$" $value]} { error "$name: $short cannot be '$value'" }
    dict set cells $cell parameters $short $value
  }
}

proc get_property {name target} {
  switch -glob -- $name,$target {
    PROGRESS,run:* { return [expr {[mock::object run $target] in $mock::runs ? "100%" : "0%"}] }
    STATUS,run:* { return "as the mock has it" }
    SLACK,path:* { return 0.5 }
    default { error "get_property: '$target' has no property '$name'" }
  }
}

# ---- The block design ----

proc create_bd_design {name} {
  mock::need_project
  mock::check [expr {$mock::design eq ""}] "create_bd_design: there is one"
  set mock::design $name
}

proc create_bd_cell {args} {
  mock::need_design
  set o [mock::options create_bd_cell {} {-type -vlnv} $args]
  set name [dict get $o rest]
  set vlnv [dict get $o -vlnv]
  mock::check [expr {[dict get $o -type] eq "ip"}] "create_bd_cell: -type is not ip"
  mock::check [regexp {^[A-Za-z][A-Za-z0-9_]*$} $name] "create_bd_cell: '$name' is no name"
  mock::check [expr {![dict exists $mock::cells $name]}] "create_bd_cell: there are two cells '$name'"
  set parameters {}
  if {[string match xilinx.com:* $vlnv]} {
    mock::check [expr {$vlnv in [get_ipdefs $vlnv]}] "create_bd_cell: there is no IP '$vlnv'"
    dict for {parameter about} [lindex [dict get $mock::ips [lindex [split $vlnv :] 2]] 1] { dict set parameters $parameter [lindex $about 1] }
  } else {
    mock::check [dict exists $mock::catalog $vlnv] "create_bd_cell: there is no IP '$vlnv'"
  }
  dict set mock::cells $name [dict create vlnv $vlnv parameters $parameters]
  set mock::validated 0
}

proc get_bd_cells {name} {
  mock::need_design
  mock::check [dict exists $mock::cells $name] "get_bd_cells: there is no cell '$name'"
  return cell:$name
}

# A thing of a cell: {pins|interfaces|segments|spaces} and "cell/name".
proc mock::find {what path} {
  variable cells
  need_design
  if {![regexp {^([^/]+)/(.+)$} $path all cell name] || ![dict exists $cells $cell]} { error "there is no cell with '$path'" }
  set all [dict get [description_of $cell] $what]
  if {![dict exists $all $name]} { error "cell $cell has nothing called '$name' among its $what: [dict keys $all]" }
  return [dict get $all $name]
}
proc get_bd_pins {path} { mock::find pins $path ; return pin:$path }
proc get_bd_intf_pins {path} { mock::find interfaces $path ; return interface:$path }
proc get_bd_addr_spaces {path} { mock::find spaces $path ; return space:$path }
proc get_bd_addr_segs {path} { mock::find segments $path ; return segment:$path }

proc apply_bd_automation {args} {
  set o [mock::options apply_bd_automation {} {-rule -config} $args]
  set cell [mock::object cell [dict get $o rest]]
  set name [lindex [split [dict get $mock::cells $cell vlnv] :] 2]
  mock::check [expr {[dict get $o -rule] eq "xilinx.com:bd_rule:$name" && $name in {processing_system7 zynq_ultra_ps_e}}] \
    "apply_bd_automation: '$cell' has no rule '[dict get $o -rule]'"
  dict for {key value} [dict get $o -config] {
    mock::check [expr {$key in {make_external apply_board_preset Master Slave}}] "apply_bd_automation: no '$key'"
    if {$key eq "make_external"} {
      foreach one [split [string map {{, } ,} $value] ,] {
        mock::find interfaces $cell/$one
        lappend mock::external $cell/$one
      }
    }
  }
}

proc connect_bd_net {args} {
  set pins [lmap one $args { mock::object pin $one }]
  mock::check [expr {[llength $pins] >= 2}] "connect_bd_net: one pin alone"
  set members {}
  foreach one $pins {
    lappend members {*}[expr {[dict exists $mock::net $one] ? [dict get $mock::nets [dict get $mock::net $one]] : [list $one]}]
  }
  set members [lsort -unique $members]
  set sources [lsearch -all -inline -not -exact [lmap one $members { expr {[lindex [mock::find pins $one] 0] eq "out" ? $one : ""} }] ""]
  mock::check [expr {[llength $sources] == 1}] "connect_bd_net: $members have [llength $sources] sources"
  lassign [mock::find pins [lindex $sources 0]] direction kind width
  foreach one $members {
    lassign [mock::find pins $one] direction other least most
    mock::check [expr {$kind eq $other || $other eq "optional" || ($other eq "reset_any" && [string match reset* $kind])}] \
      "connect_bd_net: $sources is a $kind and $one a $other"
    mock::check [expr {$width >= $least && $width <= $most}] "connect_bd_net: $sources has $width bits, $one takes $least to $most"
  }
  foreach one $members { dict set mock::net $one [lindex $sources 0] }
  dict set mock::nets [lindex $sources 0] $members
  set mock::validated 0
}

proc connect_bd_intf_net {a b} {
  set a [mock::object interface $a]
  set b [mock::object interface $b]
  foreach one [list $a $b] { mock::check [expr {![dict exists $mock::links $one]}] "connect_bd_intf_net: $one is connected already" }
  lassign [mock::find interfaces $a] mode_a kind_a width_a
  lassign [mock::find interfaces $b] mode_b kind_b width_b
  mock::check [expr {$kind_a eq $kind_b}] "connect_bd_intf_net: $a is $kind_a and $b $kind_b"
  mock::check [expr {$mode_a ne $mode_b}] "connect_bd_intf_net: $a and $b are both ${mode_a}s"
  mock::check [expr {$width_a eq "any" || $width_b eq "any" || $width_a == $width_b}] "connect_bd_intf_net: $a has $width_a bits and $b $width_b"
  dict set mock::links $a $b
  dict set mock::links $b $a
  set mock::validated 0
}

proc assign_bd_address {args} {
  set o [mock::options assign_bd_address {-force} {-offset -range -target_address_space} $args]
  set space [mock::object space [dict get $o -target_address_space]]
  set segment [mock::object segment [dict get $o rest]]
  set offset [expr {[dict get $o -offset]}]
  set range [expr {[dict get $o -range]}]
  mock::check [expr {$range >= 4096 && ($range & ($range - 1)) == 0}] "assign_bd_address: a range of $range is no power of two from 4096 on"
  mock::check [expr {$offset % $range == 0}] [format "assign_bd_address: 0x%x is no multiple of 0x%x" $offset $range]
  lassign [mock::find segments $segment] interface base size whole
  mock::check [expr {$range <= $size && ($base == 0 || $offset >= $base)}] [format "assign_bd_address: %s has 0x%x bytes, not 0x%x" $segment $size $range]
  mock::check [expr {$whole eq "" || $range == $size}] [format "assign_bd_address: 0x%x of the 0x%x bytes of %s" $range $size $segment]
  set inside 0
  foreach {first length} [lindex [mock::find spaces $space] 1] {
    if {$offset >= $first && $offset + $range <= $first + $length} { set inside 1 }
  }
  mock::check $inside [format "assign_bd_address: 0x%x to 0x%x is outside of %s" $offset [expr {$offset + $range - 1}] $space]
  foreach {other_space other first length} $mock::assigned {
    mock::check [expr {$other_space ne $space || $offset >= $first + $length || $first >= $offset + $range}] \
      "assign_bd_address: $segment overlaps $other in $space"
    mock::check [expr {$other_space ne $space || $other ne $segment}] "assign_bd_address: $segment is in $space twice"
  }
  lappend mock::assigned $space $segment $offset $range
  set mock::validated 0
}

# The net that clocks an interface.
proc mock::clock_of {path} {
  variable net
  set clock [lindex [find interfaces $path] 3]
  set cell [lindex [split $path /] 0]
  if {$clock eq "" || ![dict exists $net $cell/$clock]} { return "" }
  return [dict get $net $cell/$clock]
}

# Slaves that a master reaches, through interconnects.
proc mock::reached {path} {
  variable cells
  variable links
  if {![dict exists $links $path]} { return {} }
  set slave [dict get $links $path]
  set cell [lindex [split $slave /] 0]
  if {![string match *:smartconnect:* [dict get $cells $cell vlnv]]} { return [list $slave] }
  set found {}
  dict for {name interface} [dict get [description_of $cell] interfaces] {
    if {[lindex $interface 0] eq "master"} { lappend found {*}[reached $cell/$name] }
  }
  return $found
}

proc mock::validate_addresses {cell description} {
  variable assigned
  dict for {name space} [dict get $description spaces] {
    set reached {}
    if {[dict exists $description interfaces [lindex $space 0]]} { set reached [reached $cell/[lindex $space 0]] }
    foreach {other segment first length} $assigned {
      if {$other ne "$cell/$name"} continue
      set owner [lindex [split $segment /] 0]/[lindex [find segments $segment] 0]
      if {$owner ni $reached} { error "validate_bd_design: no bus leads from $other to $segment" }
      set reached [lsearch -all -inline -not -exact $reached $owner]
    }
    if {[llength $reached]} { error "validate_bd_design: $cell/$name has no address for $reached" }
  }
}

proc validate_bd_design {} {
  mock::need_design
  dict for {cell about} $mock::cells {
    set description [mock::description_of $cell]
    dict for {name pin} [dict get $description pins] {
      lassign $pin direction kind
      if {$direction eq "out" || $kind eq "optional"} continue
      mock::check [dict exists $mock::net $cell/$name] "validate_bd_design: $cell/$name, a $kind, is not connected"
    }
    dict for {name interface} [dict get $description interfaces] {
      lassign $interface mode kind
      if {$kind eq "io"} {
        mock::check [expr {"$cell/$name" in $mock::external}] "validate_bd_design: $cell/$name leads to no pad"
        continue
      }
      mock::check [dict exists $mock::links $cell/$name] "validate_bd_design: $cell/$name is not connected"
      set clock [mock::clock_of $cell/$name]
      mock::check [expr {$clock ne ""}] "validate_bd_design: $cell/$name has no clock"
      set other [dict get $mock::links $cell/$name]
      mock::check [expr {[mock::clock_of $other] eq $clock}] "validate_bd_design: $cell/$name and $other have different clocks"
    }
    mock::validate_addresses $cell $description
  }
  foreach {path other} $mock::net { mock::find pins $path }
  foreach {path other} $mock::links { mock::find interfaces $path }
  set mock::validated 1
}

proc save_bd_design {} {
  mock::need_design
  mock::check $mock::validated "save_bd_design: the design was not validated as it is"
  set mock::saved 1
}

# ---- Behind it ----

proc mock::write {args} {
  file mkdir [file dirname [file join {*}$args]]
  set channel [open [file join {*}$args] w]
  puts $channel "written by the mock"
  close $channel
}

proc generate_target {what file} {
  mock::object file $file
  mock::check $mock::saved "generate_target: the design was not saved"
  mock::write [lindex $mock::project 1] [lindex $mock::project 0].gen sources_1 bd $mock::design hw_handoff $mock::design.hwh
  set mock::generated 1
}
proc make_wrapper {args} {
  set o [mock::options make_wrapper {-top} {-files} $args]
  mock::object file [dict get $o -files]
  mock::check $mock::generated "make_wrapper: the design was not generated"
  set file [list [lindex $mock::project 1] [lindex $mock::project 0].gen sources_1 bd $mock::design hdl ${mock::design}_wrapper.v]
  mock::write {*}$file
  return [file join {*}$file]
}
proc get_runs {name} {
  mock::need_project
  mock::check [expr {$name in {synth_1 impl_1}}] "get_runs: there is no run '$name'"
  return run:$name
}
proc reset_run {name} { get_runs $name }
proc launch_runs {args} {
  set o [mock::options launch_runs {} {-to_step -jobs} $args]
  set name [dict get $o rest]
  get_runs $name
  mock::check [expr {$mock::top eq "${mock::design}_wrapper" && $mock::design ne ""}] "launch_runs: the top is '$mock::top'"
  if {$name eq "impl_1"} {
    mock::check [expr {"synth_1" in $mock::runs}] "launch_runs: nothing was synthesised"
    if {[dict exists $o -to_step] && [dict get $o -to_step] eq "write_bitstream"} {
      mock::write [lindex $mock::project 1] [lindex $mock::project 0].runs impl_1 $mock::top.bit
    }
  }
  lappend mock::runs $name
}
proc wait_on_run {name} { get_runs $name }
proc open_run {name} {
  mock::check [expr {$name in $mock::runs}] "open_run: '$name' has not run"
  set mock::opened 1
}
proc mock::report {command arguments} {
  variable opened
  if {!$opened} { error "$command: no run is open" }
  set o [options $command {-hierarchical} {-file -cells} $arguments]
  write [dict get $o -file]
}
foreach command {report_utilization report_timing_summary report_power report_drc} {
  proc $command {args} "mock::report $command \$args"
}
proc get_cells {args} {
  set o [mock::options get_cells {-quiet -hierarchical} {-filter} $args]
  set filter [dict get $o -filter]
  if {[regexp {^NAME =~ \*/([A-Za-z0-9_]+)/inst$} $filter all name]} {
    mock::check [dict exists $mock::cells $name] "get_cells: the design has no cell '$name'"
    return netcell:$name/inst
  }
  mock::check [regexp {^NAME =~ \*/(u_[A-Za-z0-9_]+)$} $filter all name] "get_cells: '$filter' is no filter that is known"
  return netcell:$name
}
proc write_verilog {args} {
  if {!$mock::opened} { error "write_verilog: no run is open" }
  set o [mock::options write_verilog {-force} {-mode -cell -rename_top} $args]
  mock::check [expr {[dict get $o -mode] in {funcsim timesim design synth_stub}}] "write_verilog: no mode '[dict get $o -mode]'"
  mock::object netcell [dict get $o -cell]
  mock::check [regexp {^[A-Za-z_][A-Za-z0-9_]*$} [dict get $o -rename_top]] "write_verilog: '[dict get $o -rename_top]' is no name"
  mock::write [dict get $o rest]
}
proc get_timing_paths {args} { mock::options get_timing_paths {-setup} {-max_paths} $args ; return [list path:0] }

# ---- Kernels ----

proc ipx::open_core {file} {
  mock::check [file isfile $file] "ipx::open_core: there is no file '$file'"
  set ::mock::core [lindex [mock::read_ip $file] 0]
  set ::mock::core_folder [file dirname $file]
}
proc ipx::current_core {} {
  mock::check [info exists ::mock::core] "ipx::current_core: none is open"
  return core:$::mock::core
}
proc ipx::save_core {core} { dict set ::mock::saved_cores $::mock::core_folder [mock::object core $core] }
proc package_xo {args} {
  set o [mock::options package_xo {-force} {-xo_path -kernel_name -ip_directory -kernel_xml -ctrl_protocol} $args]
  foreach option {-xo_path -kernel_name -ip_directory -kernel_xml -ctrl_protocol} {
    mock::check [dict exists $o $option] "package_xo: there is no $option"
  }
  set folder [dict get $o -ip_directory]
  mock::check [dict exists $mock::saved_cores $folder] "package_xo: the IP in '$folder' was not saved as a kernel"
  mock::check [file isfile [dict get $o -kernel_xml]] "package_xo: there is no file '[dict get $o -kernel_xml]'"
  mock::check [expr {[dict get $o -ctrl_protocol] in {ap_ctrl_hs ap_ctrl_none ap_ctrl_chain user_managed}}] "package_xo: no protocol '[dict get $o -ctrl_protocol]'"
  mock::check [expr {[lindex [split [dict get $mock::saved_cores $folder] :] 2] eq [dict get $o -kernel_name]}] \
    "package_xo: '[dict get $o -kernel_name]' is not the IP's name"
  mock::write [dict get $o -xo_path]
}

proc unknown {args} { error "Vivado has no command '[lindex $args 0]'" }

foreach script $argv {
  set mock::project {}
  set mock::opened 0
  if {[catch { uplevel #0 [list source $script] } message]} {
    puts "mock: [file tail $script]: $message"
    exit 1
  }
}
puts "mock: [dict size $mock::cells] cells, [expr {[dict size $mock::links] / 2}] buses, [expr {[llength $mock::assigned] / 4}] addresses"
