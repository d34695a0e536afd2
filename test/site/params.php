<?php
// Prints what it got of the parameters BIG0, BIG1, ...
for ($i = 0; isset($_SERVER["BIG$i"]); $i++) {
    echo strlen($_SERVER["BIG$i"]), ':', substr($_SERVER["BIG$i"], -8), ' ';
}
