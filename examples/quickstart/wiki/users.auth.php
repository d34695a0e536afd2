# users.auth.php
# <?php exit()?>
# Nobody can log in.
