"""The part of a kernel that is the same for every model, as LLVM IR: loops over blocks, years and steps.

Names that begin with ``$`` are put in by :func:`sim.engine.machine.intermediate_code`. Two functions
are for callers:

``run_blocks(first, last, inputs, parameters, noise, years, steps, rk4, cells, kinds, outputs, out,
columns, w)``
    runs blocks ``first`` to ``last - 1`` over all ``years``;
``run_years(first, last, inputs, noise, years, steps, rk4, cells, kinds, outputs, out, columns, w)``
    runs one block over the years ``first`` to ``last - 1``, its parameters being in the work array ``w``
    and, after the first year, its state as the year before left it.

Under Runge-Kutta a step is reported by the values at its middle (third stage), under Euler by those at its
start: the mean over a year is then of second order in the step, as nothing less would be worth the method.

``inputs`` is (year * step, 3 instants, input), ``parameters`` (name, column), ``noise`` (name, year,
column), ``out`` (quantity, year, column): a block is as many neighbouring columns as it has lanes. Given
to ``run_years`` these begin with the first column of the block; ``columns`` is how many there are in all.
"""

from __future__ import annotations


def _integrator(name: str, share: str, lines: str) -> str:
    """A loop over all lanes of all stocks; ``share`` of the step multiplies what ``lines`` call %by."""
    return f"""
define internal void @{name}(ptr noalias %w, double %dt) noinline {{
entry:
  %share = {share}
  %first = insertelement $V poison, double %share, i64 0
  %by = shufflevector $V %first, $V poison, <$WIDTH x i32> zeroinitializer
  %any = icmp ult i64 0, $STATES
  br i1 %any, label %loop, label %end
loop:
  %i = phi i64 [0, %entry], [%j, %loop]
  %p = getelementptr inbounds double, ptr %w, i64 %i
  %px = getelementptr inbounds double, ptr %p, i64 $X
  %pb = getelementptr inbounds double, ptr %p, i64 $BEGIN
  %ps = getelementptr inbounds double, ptr %p, i64 $SUM
  %pd = getelementptr inbounds double, ptr %p, i64 $SLOPE
  %x = load $V, ptr %px, align $ALIGN
  %begin = load $V, ptr %pb, align $ALIGN
  %sum = load $V, ptr %ps, align $ALIGN
  %slope = load $V, ptr %pd, align $ALIGN
{lines}
  store $V %new, ptr %px, align $ALIGN
  %j = add i64 %i, $WIDTH
  %more = icmp ult i64 %j, $STATES
  br i1 %more, label %loop, label %end
end:
  ret void
}}
"""


_FROM_X = """  %move = fmul $V %by, %slope
  %new = fadd $V %x, %move"""
_FROM_BEGIN = """  %move = fmul $V %by, %slope
  %new = fadd $V %begin, %move
  %twice = fmul $V splat (double 2.0), %slope
  %total = fadd $V %sum, %twice
  store $V %total, ptr %ps, align $ALIGN"""
_HALF, _WHOLE, _SIXTH = "fmul double %dt, 5.0e-1", "fmul double %dt, 1.0", "fdiv double %dt, 6.0"

INTEGRATORS = "".join(
    [
        _integrator("euler", _WHOLE, _FROM_X),
        _integrator(
            "first_stage",
            _HALF,
            f"{_FROM_X}\n  store $V %x, ptr %pb, align $ALIGN\n  store $V %slope, ptr %ps, align $ALIGN",
        ),
        _integrator("second_stage", _HALF, _FROM_BEGIN),
        _integrator("third_stage", _WHOLE, _FROM_BEGIN),
        _integrator(
            "last_stage",
            _SIXTH,
            "  %total = fadd $V %sum, %slope\n  %move = fmul $V %by, %total\n  %new = fadd $V %begin, %move",
        ),
    ]
)

DRIVER = """
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define internal void @gather(ptr noalias %w, i64 %cell, ptr noalias %from, i64 %distance,
                             i64 %count) noinline {
; one value per lane of ``count`` quantities, ``distance`` apart, into consecutive cells
entry:
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %end
loop:
  %k = phi i64 [0, %entry], [%next, %loop]
  %place = add i64 %cell, %k
  %offset = mul i64 %place, $LANES
  %to = getelementptr inbounds double, ptr %w, i64 %offset
  %skip = mul i64 %k, %distance
  %source = getelementptr inbounds double, ptr %from, i64 %skip
  %bytes = mul i64 $LANES, 8
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %source, i64 %bytes, i1 false)
  %next = add i64 %k, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %end
end:
  ret void
}

define internal void @reduce(ptr noalias %w, ptr %cells, ptr %kinds, i64 %outputs, ptr noalias %out,
                             i64 %columns, i64 %years, i64 %y, i64 %s, i64 %steps, i64 %ending) noinline {
; the mean over the steps of a year (kind 0), the value at its end (1), the worst absolute value (2)
entry:
  %number = sitofp i64 %steps to double
  %number_first = insertelement $V poison, double %number, i64 0
  %divisor = shufflevector $V %number_first, $V poison, <$WIDTH x i32> zeroinitializer
  %is_first = icmp eq i64 %s, 0
  %is_end = icmp ne i64 %ending, 0
  br label %head
head:
  %j = phi i64 [0, %entry], [%j_next, %next]
  %any = icmp slt i64 %j, %outputs
  br i1 %any, label %body, label %end
body:
  %p_kind = getelementptr inbounds i64, ptr %kinds, i64 %j
  %kind = load i64, ptr %p_kind
  %p_cell = getelementptr inbounds i64, ptr %cells, i64 %j
  %cell = load i64, ptr %p_cell
  %from = mul i64 %cell, $LANES
  %source = getelementptr inbounds double, ptr %w, i64 %from
  %row = mul i64 %j, %years
  %here = add i64 %row, %y
  %to = mul i64 %here, %columns
  %target = getelementptr inbounds double, ptr %out, i64 %to
  br i1 %is_end, label %at_end, label %at_step
at_end:
  switch i64 %kind, label %next [i64 0, label %divide
                                 i64 1, label %copy]
copy:
  %bytes = mul i64 $LANES, 8
  call void @llvm.memcpy.p0.p0.i64(ptr %target, ptr %source, i64 %bytes, i1 false)
  br label %next
divide:
  %m = phi i64 [0, %at_end], [%m_next, %divide]
  %p_total = getelementptr inbounds double, ptr %target, i64 %m
  %total = load $V, ptr %p_total, align 8
  %mean = fdiv $V %total, %divisor
  store $V %mean, ptr %p_total, align 8
  %m_next = add i64 %m, $WIDTH
  %m_more = icmp ult i64 %m_next, $LANES
  br i1 %m_more, label %divide, label %next
at_step:
  switch i64 %kind, label %next [i64 0, label %add
                                 i64 2, label %worst]
add:
  %i = phi i64 [0, %at_step], [%i_next, %add]
  %p_value = getelementptr inbounds double, ptr %source, i64 %i
  %p_sum = getelementptr inbounds double, ptr %target, i64 %i
  %value = load $V, ptr %p_value, align 8
  %sum_before = load $V, ptr %p_sum, align 8
  %sum_yet = select i1 %is_first, $V zeroinitializer, $V %sum_before
  %sum = fadd $V %sum_yet, %value
  store $V %sum, ptr %p_sum, align 8
  %i_next = add i64 %i, $WIDTH
  %i_more = icmp ult i64 %i_next, $LANES
  br i1 %i_more, label %add, label %next
worst:
  %k = phi i64 [0, %at_step], [%k_next, %worst]
  %p_residual = getelementptr inbounds double, ptr %source, i64 %k
  %p_worst = getelementptr inbounds double, ptr %target, i64 %k
  %residual = load $V, ptr %p_residual, align 8
  %worst_before = load $V, ptr %p_worst, align 8
  %worst_yet = select i1 %is_first, $V zeroinitializer, $V %worst_before
  %size = call $V @llvm.fabs.v$WIDTHf64($V %residual)
  ; false for a value that is not a number, which thereby stays
  %smaller = fcmp ole $V %size, %worst_yet
  %worst_now = select <$WIDTH x i1> %smaller, $V %worst_yet, $V %size
  store $V %worst_now, ptr %p_worst, align 8
  %k_next = add i64 %k, $WIDTH
  %k_more = icmp ult i64 %k_next, $LANES
  br i1 %k_more, label %worst, label %next
next:
  %j_next = add i64 %j, 1
  br label %head
end:
  ret void
}

define void @run_years(i64 %first, i64 %last, ptr %inputs, ptr %noise, i64 %years, i64 %steps, i64 %rk4,
                       ptr %cells, ptr %kinds, i64 %outputs, ptr %out, i64 %columns, ptr align 64 %w) {
entry:
  %per_year = sitofp i64 %steps to double
  %dt = fdiv double 1.0, %per_year
  %noise_distance = mul i64 %years, %columns
  %use_rk4 = icmp ne i64 %rk4, 0
  br label %year_head
year_head:
  %y = phi i64 [%first, %entry], [%y_next, %year_end]
  %y_more = icmp slt i64 %y, %last
  br i1 %y_more, label %year_body, label %end
year_body:
  %y_lane = mul i64 %y, %columns
  %noise_now = getelementptr inbounds double, ptr %noise, i64 %y_lane
  call void @gather(ptr %w, i64 $PARAMETERS, ptr %noise_now, i64 %noise_distance, i64 $NOISES)
  %y_step = mul i64 %y, %steps
  %y_row = mul i64 %y_step, $COLUMNS
  %begin = getelementptr inbounds double, ptr %inputs, i64 %y_row
  %is_first = icmp eq i64 %y, 0
  br i1 %is_first, label %first_year, label %later_year
first_year:
  call void @start(ptr %w, ptr %begin)
  call void @constant(ptr %w, ptr %begin)
  call void @remember(ptr %w, ptr %begin)
  br label %held
later_year:
  call void @recall(ptr %w, ptr %begin)
  call void @year(ptr %w, ptr %begin)
  br label %held
held:
  call void @hold(ptr %w, ptr %begin)
  br label %step_head
step_head:
  %s = phi i64 [0, %held], [%s_next, %step_end]
  %s_more = icmp slt i64 %s, %steps
  br i1 %s_more, label %step_body, label %year_end
step_body:
  %step = add i64 %y_step, %s
  %offset = mul i64 %step, $COLUMNS
  %at = getelementptr inbounds double, ptr %inputs, i64 %offset
  %middle = getelementptr inbounds double, ptr %at, i64 $COLUMN
  %close = getelementptr inbounds double, ptr %middle, i64 $COLUMN
  call void @drive(ptr %w, ptr %at)
  call void @stage(ptr %w, ptr %at)
  br i1 %use_rk4, label %runge_kutta, label %simple
simple:
  call void @report(ptr %w, ptr %at)
  call void @reduce(ptr %w, ptr %cells, ptr %kinds, i64 %outputs, ptr %out, i64 %columns, i64 %years,
                    i64 %y, i64 %s, i64 %steps, i64 0)
  call void @euler(ptr %w, double %dt)
  br label %step_end
runge_kutta:
  call void @first_stage(ptr %w, double %dt)
  call void @drive(ptr %w, ptr %middle)
  call void @stage(ptr %w, ptr %middle)
  call void @second_stage(ptr %w, double %dt)
  call void @stage(ptr %w, ptr %middle)
  call void @report(ptr %w, ptr %middle)
  call void @reduce(ptr %w, ptr %cells, ptr %kinds, i64 %outputs, ptr %out, i64 %columns, i64 %years,
                    i64 %y, i64 %s, i64 %steps, i64 0)
  call void @third_stage(ptr %w, double %dt)
  call void @drive(ptr %w, ptr %close)
  call void @stage(ptr %w, ptr %close)
  call void @last_stage(ptr %w, double %dt)
  br label %step_end
step_end:
  %s_next = add i64 %s, 1
  br label %step_head
year_end:
  call void @reduce(ptr %w, ptr %cells, ptr %kinds, i64 %outputs, ptr %out, i64 %columns, i64 %years,
                    i64 %y, i64 0, i64 %steps, i64 1)
  %y_next = add i64 %y, 1
  br label %year_head
end:
  ret void
}

define void @run_blocks(i64 %first, i64 %last, ptr %inputs, ptr %parameters, ptr %noise, i64 %years,
                        i64 %steps, i64 %rk4, ptr %cells, ptr %kinds, i64 %outputs, ptr %out,
                        i64 %columns, ptr align 64 %w) {
entry:
  br label %head
head:
  %block = phi i64 [%first, %entry], [%next, %body]
  %more = icmp slt i64 %block, %last
  br i1 %more, label %body, label %end
body:
  %column = mul i64 %block, $LANES
  %parameters_here = getelementptr inbounds double, ptr %parameters, i64 %column
  call void @gather(ptr %w, i64 0, ptr %parameters_here, i64 %columns, i64 $PARAMETERS)
  %noise_here = getelementptr inbounds double, ptr %noise, i64 %column
  %out_here = getelementptr inbounds double, ptr %out, i64 %column
  call void @run_years(i64 0, i64 %years, ptr %inputs, ptr %noise_here, i64 %years, i64 %steps, i64 %rk4,
                       ptr %cells, ptr %kinds, i64 %outputs, ptr %out_here, i64 %columns, ptr %w)
  %next = add i64 %block, 1
  br label %head
end:
  ret void
}
"""
